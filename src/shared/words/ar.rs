//! Arabic.

use super::{Frame, Settings, Words};

/// What both sides say.
pub static WORDS: Words = Words {
    frame: Frame {
        skip: "انتقل إلى المحتوى",
    },
    settings: Settings {
        title: "الإعدادات",
        language: "اللغة",
        as_the_browser: "كما يطلب المتصفح",
        colours: "الألوان",
        system: "كالنظام",
        light: "فاتحة",
        dark: "داكنة",
        enter_key: "مفتاح Enter",
        enter_sends: "يرسل الرسالة",
        enter_breaks: "يبدأ سطرًا جديدًا",
        enter_note: "Shift+Enter يبدأ دائمًا سطرًا جديدًا، وCtrl+Enter يرسل دائمًا. على لوحات المفاتيح اللمسية يبدأ Enter سطرًا جديدًا.",
        save: "حفظ",
        account: "الحساب",
        since: |day| ["منذ ", day].concat(),
        sign_out: "تسجيل الخروج",
        delete: "حذف الحساب",
        delete_note: "تُحذف مفاتيحك ومحادثاتك وسجل استخدامك فورًا، ولا يمكن استعادتها.",
        password: "كلمة مرورك",
        delete_all: "احذف كل شيء",
        deleting: "جارٍ الحذف…",
    },
};
