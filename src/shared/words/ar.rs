//! Arabic. Names, days and amounts are isolated, so that their direction changes nothing around them.

mod said;

use super::printed::{
    Archive, Block, Blocked, CompareForm, Facts, Farewell, Health, Message, Models, Offline, Pool,
    Printed, Sentences,
};
use super::{
    Around, Begin, Beside, Chat, Comparison, Composer, Door, Errors, Frame, Key, Keys, Landing,
    Missing, Options, Picker, Settings, Sidebar, Words,
};
use crate::shared::error::ErrorCode;
use crate::shared::time::Age;
use said::{of_code, of_english};

/// A name, a day or an amount, with a direction of its own (U+2068 … U+2069).
fn name(name: &str) -> String {
    ["\u{2068}", name, "\u{2069}"].concat()
}

/// So many of something: for one, for two, for 3 to 10, for 11 to 99, and for whole hundreds.
fn counted(count: u64, [one, two, few, many, hundreds]: [&str; 5]) -> String {
    let form = match (count, count % 100) {
        (1, _) => return one.to_owned(),
        (2, _) => return two.to_owned(),
        (_, 3..=10) => few,
        (_, 11..) => many,
        _ => hundreds,
    };
    [&count.to_string(), " ", form].concat()
}

fn minutes(count: u64) -> String {
    counted(count, ["دقيقة واحدة", "دقيقتين", "دقائق", "دقيقة", "دقيقة"])
}

/// What is said on pages.
pub static WORDS: Words = Words {
    frame: Frame {
        skip: "انتقل إلى المحتوى",
        close: "إغلاق",
        dismiss: "إخفاء",
        show_typed: "أظهر ما يُكتب",
        open_sidebar: "افتح الشريط الجانبي",
        being_answered: "، قيد الإجابة",
        ago: |age| {
            let span = match age {
                Age::Now => return "الآن".to_owned(),
                Age::Minutes(count) => {
                    counted(count, ["دقيقة", "دقيقتين", "دقائق", "دقيقة", "دقيقة"])
                }
                Age::Hours(count) => counted(count, ["ساعة", "ساعتين", "ساعات", "ساعة", "ساعة"]),
                Age::Days(count) => counted(count, ["يوم", "يومين", "أيام", "يومًا", "يوم"]),
            };
            ["قبل ", &span].concat()
        },
    },
    landing: Landing {
        description: "تحدّث مع النماذج بمفاتيحك أنت: خزنة واحدة، لا إجابة تضيع، وكل سنت ظاهر.",
        account: "الحساب",
        sign_in: "تسجيل الدخول",
        start: "ابدأ الآن",
        eyebrow: "أحضر مفتاحك",
        claim: "كل النماذج. مفاتيحك أنت. مكان هادئ واحد للتفكير.",
        lead: "الصق مفتاحًا من OpenAI أو Anthropic أو Google، واختر نموذجًا وابدأ الحديث. تدفع سعر المزوّد ولا شيء فوقه.",
        create: "أنشئ حسابًا",
        question: "لماذا لا يتحرك الـ future في برنامجي بلغة Rust؟",
        answer: "لا يفعل الـ future شيئًا حتى يستطلعه شيء ما. سلّمه إلى بيئة التشغيل:",
        usage: "\u{2068}claude-sonnet\u{2069} · 412 مقروءة · 96 مكتوبة · \u{2068}$0.0027\u{2069} · أول كلمة بعد 0.4 ث · المفتاح \u{2068}…x7Qa\u{2069}",
        apart: "ما الذي يميّزه",
        points: [
            (
                "لا إجابة تضيع",
                "كل كلمة محفوظة على القرص قبل أن تراها. أغلق علامة التبويب، أو افقد الشبكة في القطار، ثم عُد: لقد أكملت الإجابة من دونك.",
            ),
            (
                "لا مفتاح يتسرّب",
                "تُختم المفاتيح واحدًا واحدًا، ولا يظهر منها سوى آخر أربعة أحرف، ولا تُرسل أبدًا إلى متصفح أو سجل أو رسالة خطأ.",
            ),
            (
                "كل سنت ظاهر",
                "تحت كل إجابة عدد الرموز والسعر والسرعة والمفتاح الذي دفع. وما لا يُعرف يُقال إنه غير معروف.",
            ),
            (
                "خفيف وملكك",
                "برنامج واحد مع قاعدة بيانات واحدة على جهازك أنت. تعمل الصفحات قبل تحميل أي نص برمجي، ومن دونه أيضًا.",
            ),
        ],
        steps_title: "ثلاث دقائق إلى أول إجابة",
        steps: [
            ("أضف مفتاحًا.", "يُفحص لدى مزوّده قبل أن يُحفظ."),
            ("اختر نموذجًا.", "مع نافذة سياقه وقدراته وسعره أمام عينيك."),
            ("تحدّث.", "أوقف وأعد وعدّل وتفرّع؛ لا شيء يُكتب فوقه أبدًا."),
        ],
    },
    door: Door {
        sign_in: "تسجيل الدخول",
        signing_in: "جارٍ تسجيل الدخول…",
        email: "البريد الإلكتروني",
        password: "كلمة المرور",
        new_here: "جديد هنا؟",
        to_sign_up: "أنشئ حسابًا",
        sign_up_title: "أنشئ حسابك",
        password_hint: "8 أحرف على الأقل. العبارة سهلة التذكّر وصعبة التخمين.",
        sign_up: "إنشاء الحساب",
        signing_up: "جارٍ الإنشاء…",
        known_here: "لديك حساب؟",
    },
    missing: Missing {
        title: "غير موجودة",
        heading: "لا شيء هنا",
        text: "ربما انتقلت الصفحة، أو ربما حُذفت المحادثة.",
        to_chats: "اذهب إلى محادثاتك",
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
        since: |day| ["منذ ", &name(day)].concat(),
        sign_out: "تسجيل الخروج",
        delete: "حذف الحساب",
        delete_note: "تُحذف مفاتيحك ومحادثاتك وسجل استخدامك فورًا، ولا يمكن استعادتها.",
        password: "كلمة مرورك",
        delete_all: "احذف كل شيء",
        deleting: "جارٍ الحذف…",
    },
    sidebar: Sidebar {
        label: "المحادثات والصفحات",
        close: "أغلق الشريط الجانبي",
        search: "ابحث في المحادثات",
        chats: "المحادثات",
        pages: "الصفحات",
        providers: "المزوّدون",
        models: "النماذج",
        settings: "الإعدادات",
        groups: ["اليوم", "أمس", "آخر 7 أيام", "آخر 30 يومًا"],
        none: "لا محادثات بعد.",
        older: "أظهر المحادثات الأقدم",
        nothing_found: "لا محادثة فيها كل هذه الكلمات.",
        more_found: "أظهر المزيد",
        new_title: "العنوان الجديد",
        more_for: |chat| ["المزيد لمحادثة ", &name(chat)].concat(),
        rename: "إعادة التسمية",
        archive: "أرشفة",
        archived: "أُرشفت المحادثة.",
        delete: "حذف…",
        delete_for_good: "احذف نهائيًا",
        deleted: "حُذفت المحادثة.",
    },
    keys: Keys {
        title: "المزوّدون",
        lead: "مفاتيحك، مختومة واحدًا واحدًا. يُفحص المفتاح لدى مزوّده قبل أن يُحفظ، ولا يظهر منه سوى آخر أربعة أحرف، وتُستخدم المفاتيح بالترتيب المبيّن هنا.",
        connected: "متصلون",
        connect_first: "صِل أول مزوّد",
        connect_another: "صِل مزوّدًا آخر",
        came_back: |provider| {
            [
                "اتصل ",
                &name(provider),
                ": أعطى مفتاحًا لـ KeyLM، وقد حُفظ كأي مفتاح ملصوق.",
            ]
            .concat()
        },
        denied: |provider| ["لم يتصل ", &name(provider), " لأن الإذن لم يُعطَ."].concat(),
        stale: |provider| {
            [
                "لم يتصل ",
                &name(provider),
                ": لم تكن العودة من هذا المتصفح، أو استغرقت أكثر من عشر دقائق، أو حدثت من قبل. حاول الاتصال من جديد.",
            ]
            .concat()
        },
        failed: |code, provider| {
            [&name(provider), ": ", (WORDS.errors.headline)(code), "."].concat()
        },
        not_connected: "غير متصل",
        needs_attention: "يحتاج إلى انتباه",
        switched_off: "متوقف",
        one_needs_attention: "متصل، ومفتاح واحد يحتاج إلى انتباه",
        with_keys: |count| {
            let keys = ["مفتاح واحد", "مفتاحين", "مفاتيح", "مفتاحًا", "مفتاح"];
            ["متصل عبر ", &counted(count as u64, keys)].concat()
        },
        is_connected: |provider| ["اتصل ", &name(provider), "."].concat(),
        get_key: "احصل على مفتاح",
        get_key_for: |provider| [" من ", &name(provider)].concat(),
        connect_to: |provider| ["صِل ", &name(provider)].concat(),
        paste: "الصق مفتاحًا",
        connect: "صِل",
        add_another: "أضف مفتاحًا آخر",
        label: "التسمية",
        label_example: "العمل، شخصي، …",
        label_hint: "لك أنت، لتمييز المفاتيح. يمكن أن تبقى فارغة.",
        save: "افحص واحفظ",
        checking: "جارٍ الفحص لدى المزوّد…",
        looks_like: |provider| ["يبدو هذا مفتاحًا من ", &name(provider), "."].concat(),
        move_there: "انقله إلى هناك",
        choose: "اختر…",
    },
    key: Key {
        key: "مفتاح",
        off: "متوقف",
        valid: "صالح",
        refused: "مرفوض",
        unverified: "غير مؤكد",
        unreadable: "غير مقروء",
        no_credit: "بلا رصيد",
        not_permitted: "غير مسموح",
        limited: "مقيّد مؤقتًا",
        not_tested: "لم يُختبر",
        fix_by_replacing: "استبدل المفتاح، أو أزله.",
        fix_by_widening: "وسّع صلاحيات المفتاح لدى المزوّد، ثم اختبره.",
        fix_by_paying: "أضف رصيدًا لدى المزوّد، ثم اختبر المفتاح.",
        fix_by_testing: "اختبر المفتاح مجددًا بعد قليل.",
        added: |ago| ["أُضيف ", ago].concat(),
        checked: |ago| ["فُحص ", ago].concat(),
        used: |ago| ["استُخدم ", ago].concat(),
        never_used: "لم يُستخدم بعد",
        earlier: "جرّبه قبل غيره",
        later: "جرّبه بعد غيره",
        test: "اختبار",
        accepted: "يقبل المزوّد هذا المفتاح.",
        switch_off: "إيقاف",
        switch_on: "تشغيل",
        replace: "استبدال",
        check_and_replace: "افحص واستبدل",
        replaced: "استُبدل المفتاح. لن يخدم القديم أي طلب بعد الآن.",
        remove: "إزالة",
        remove_this: "أزل هذا المفتاح",
        removed: "أُزيل المفتاح.",
        what_stops: |others, provider| {
            let provider = name(provider);
            if others == 0 {
                return [
                    "إنه المفتاح الوحيد الفعّال لدى ",
                    &provider,
                    ": تبقى محادثاته مقروءة ولا يمكن متابعتها حتى تضيف مفتاحًا آخر.",
                ]
                .concat();
            }
            let keys = [
                "يحل محله مفتاحك الآخر",
                "يحل محله مفتاحاك الآخران",
                "مفاتيح أخرى تحل محله",
                "مفتاحًا آخر تحل محله",
                "مفتاح آخر تحل محله",
            ];
            [
                "لن يخرج به أي طلب بعد ذلك. ",
                &counted(others as u64, keys),
                " لدى ",
                &provider,
                ".",
            ]
            .concat()
        },
    },
    begin: Begin {
        title: "محادثة جديدة",
        greeting: "ما الذي يشغل بالك؟",
        starters: [
            (
                "اشرح",
                "اشرح كيف يعمل جدول التجزئة لمن يعرف المصفوفات. استخدم مثالًا صغيرًا واحدًا.",
            ),
            (
                "اكتب",
                "اكتب رسالة قصيرة ودودة تنقل اجتماعنا من الثلاثاء إلى الخميس.",
            ),
            (
                "قارن",
                "قارن بين SQLite وPostgreSQL لتطبيق ويب صغير في جدول.",
            ),
            (
                "خطّط",
                "خطّط لرحلة من ثلاثة أيام إلى لشبونة لشخصين يحبان الطعام والمشي.",
            ),
        ],
        add_key_to_start: "أضف مفتاحًا لتبدأ.",
        add_key: "أضف مفتاحًا",
        model: "النموذج",
        first_key: "أضف مفتاحك الأول",
        first_key_lead: "يتحدث KeyLM مع النماذج بمفاتيحك أنت. الصق مفتاحًا وستظهر نماذجه هنا.",
    },
    chat: Chat {
        not_found: "غير موجودة",
        no_such: "لا توجد محادثة كهذه",
        maybe_deleted: "ربما حُذفت.",
        start_new: "ابدأ محادثة جديدة",
        saved: "حُفظت. ستستخدمها الإجابة التالية.",
        to_latest: "انتقل إلى الأحدث",
        deleted: "حُذفت هذه المحادثة.",
        gone_title: "حُذفت هذه المحادثة",
        gone: "حدث ذلك في علامة تبويب أخرى أو على جهاز آخر. ما تراه هنا ليس محفوظًا في أي مكان آخر.",
        start_another: "ابدأ محادثة جديدة",
        connection_gone: "انقطع الاتصال. تستمر الإجابة من دونه.",
        reload: "أعد التحميل",
        reconnecting: "جارٍ إعادة الاتصال… لا شيء يضيع.",
        other_model: |model| ["المتابعة مع ", &name(model), "؟"].concat(),
        other_model_note: "تبقى المحادثة على نموذجها، ليظل واضحًا من قال ماذا. يمكنك أخذ هذا الحديث معك إلى محادثة جديدة.",
        continue_there: "تابع هناك مع هذا الحديث",
        start_empty: "ابدأ محادثة فارغة",
        stay: "ابقَ هنا",
        continue_with: |model| ["تابع مع ", &name(model)].concat(),
        continue_note: "في محادثة جديدة، وفيها هذا الحديث",
        still_readable: "ما زال بإمكانك قراءة هذه المحادثة.",
        messages: "الرسائل",
        show_earlier: "أظهر الرسائل السابقة",
        show_later: "أظهر الرسائل التالية",
        go_on: "تابع من حيث توقفت.",
        queued: "تُرسَل بعد هذه الإجابة",
        unqueue: "لا ترسلها",
        send_queued: "أرسل التالية",
        you: "أنت",
        answer: "إجابة",
        read_on: "أعد التحميل لتتابع القراءة",
        stop: "إيقاف",
        slow: "لا كلمة بعد. المزوّد يأخذ وقته؛ يمكنك الانتظار أو الإيقاف أو المحاولة من جديد.",
        edit: "عدّل الرسالة",
        cancel: "إلغاء",
        send_again: "أرسل من جديد",
        answering: "جارٍ الإجابة",
        failed: "فشلت الإجابة",
        stopped: "أُوقفت الإجابة",
        complete: "اكتملت الإجابة",
        not_sent: "لم تُرسل الرسالة",
        copied: "نُسخ",
        not_copied: "لم يسمح المتصفح بالنسخ. حدّد النص وانسخه بنفسك.",
        try_again: "حاول مجددًا",
        try_in_seconds: |count| {
            let seconds = ["ثانية واحدة", "ثانيتين", "ثوانٍ", "ثانية", "ثانية"];
            ["حاول مجددًا بعد ", &counted(count.unsigned_abs(), seconds)].concat()
        },
        try_in_minutes: |count| ["حاول مجددًا بعد ", &minutes(count.unsigned_abs())].concat(),
    },
    composer: Composer {
        label: "الرسالة",
        placeholder: "اكتب رسالة",
        wait: "انتظر الإجابة أو أوقفها.",
        later: "أرسل بعد هذه الإجابة",
        length: |count, most| [&count.to_string(), " من ", &most.to_string(), " حرف"].concat(),
        too_long: "الرسالة أطول من 200,000 حرف.",
        empty: "اكتب شيئًا أولًا.",
        stop: "أوقف الإجابة",
        stop_title: "إيقاف (Esc)",
        stopping: "جارٍ الإيقاف…",
        send: "إرسال",
        enter_sends: "Enter يرسل، وShift+Enter يبدأ سطرًا جديدًا",
        ctrl_enter_sends: "Ctrl+Enter يرسل",
        commands: |count| {
            let commands = ["أمر واحد", "أمران", "أوامر", "أمرًا", "أمر"];
            [
                &counted(count as u64, commands),
                "؛ Enter ينفّذ المحدد، وEsc يغلق القائمة",
            ]
            .concat()
        },
    },
    options: Options {
        private: "خاصة",
        private_note: "لا يجدها أي بحث، ولا تُحفظ في هذا المتصفح للقراءة دون اتصال. تبقى في قائمتك حتى تحذفها.",
        open: "إعدادات هذه المحادثة",
        title: "إعدادات المحادثة",
        system_prompt: "تعليمات النظام",
        system_prompt_hint: "كيف ينبغي أن يتصرف النموذج في هذه المحادثة",
        default: "القيمة المعتادة لدى المزوّد",
        temperature: "درجة الحرارة",
        temperature_note: |hottest| {
            ["الأقل أكثر ثباتًا، والأعلى أكثر حرية. من 0 إلى ", hottest, "."].concat()
        },
        top_p: "Top p",
        top_p_note: "غيّر هذه أو درجة الحرارة، لا كلتيهما.",
        longest: "أطول إجابة، بالرموز",
        longest_note: |count| {
            let tokens = ["رمز واحد", "رمزين", "رموز", "رمزًا", "رمز"];
            ["يكتب هذا النموذج حتى ", &counted(count, tokens), "."].concat()
        },
        effort: "جهد التفكير",
        effort_note: "ما لا يقبله النموذج يُترك.",
        efforts: [
            "بلا تفكير",
            "أدنى",
            "منخفض",
            "متوسط",
            "مرتفع",
            "مرتفع جدًا",
            "الأعلى",
        ],
        rethink: "أجب من جديد بتفكير أكثر أو أقل",
        rethink_note: "لهذه الإجابة وحدها، ويبقى إعداد المحادثة كما هو.",
        filled: ["تملأ هذه المحادثة نحو ", "٪ مما يستطيع النموذج قراءته"],
        filled_note: ["استغرقت الإجابة الأخيرة ", " من أصل ", " رمز."],
        when_full: "حين تمتلئ لا يستطيع النموذج أن يجيب هنا بعد ذلك.",
        pool: "يمكن للإجابات المجانية أن تحل محل مفاتيحي حين تعجز عن الإجابة",
        pool_note: "يدفع المشغّل حينها من إجاباتك المجانية لهذا اليوم، وتذهب هذه المحادثة إلى Groq، مزوّد الإجابات المجانية. وتذكر كل إجابة من دفع ثمنها.",
        pool_stands_by: "حين تعجز مفاتيحك عن الإجابة هنا، تجيب الإجابات المجانية على حساب المشغّل.",
        change: "تغيير",
        save: "حفظ",
    },
    picker: Picker {
        title: "اختر نموذجًا",
        search: "ابحث عن نموذج",
        favourites: "المفضّلة",
        favourite: "مفضّل",
        recent: "المستخدمة مؤخرًا",
        all: "كل النماذج، بأسعارها وحدودها",
        recommended: "موصى بها",
        fast: "سريعة",
        balanced: "متوازنة",
        reasoning: "للتفكير العميق",
        others: "كل ما عداها",
        no_model: "لا نموذج",
        more: |count| {
            let models = [
                "نموذج واحد آخر",
                "نموذجان آخران",
                "نماذج أخرى",
                "نموذجًا آخر",
                "نموذج آخر",
            ];
            [&counted(count as u64, models), ". اكتب لتضييق القائمة."].concat()
        },
        nothing_found: "لا نموذج بهذا الاسم.",
        not_renewed: "تعذّر تحديث القائمة.",
        listed: |ago| ["حُدّثت ", ago].concat(),
        stale: "قديمة",
        add_key: "أضف مفتاحًا",
        refresh: "تحديث",
        refresh_of: |provider| ["حدّث نماذج ", &name(provider)].concat(),
        can_see: "رؤية",
        can_call: "أدوات",
        can_reason: "تفكير",
        ends: |day| ["ينتهي في ", &name(day)].concat(),
        free: "مجاني",
        new: "جديد",
        no_context: "السياق غير معروف",
        no_price: "السعر غير معروف",
        facts: "رموز السياق · دولار لكل مليون رمز يقرؤه / يكتبه",
    },
    comparison: Comparison {
        title: "مقارنة",
        lead: "اطرح السؤال نفسه على عدة نماذج، وانظر إجاباتها جنبًا إلى جنب، ثم تابع مع الأفضل.",
        choose: "المتابعة مع هذا",
        another: "اطرح سؤالًا آخر",
        refused: |models| {
            [
                "تعذّر سؤال ",
                models,
                ". تحقّق من أن مفتاحه يعمل في صفحة المزوّدين.",
            ]
            .concat()
        },
    },
    errors: Errors {
        headline: |code| match code {
            ErrorCode::InvalidKey => "رُفض المفتاح",
            ErrorCode::InsufficientPermission => "لا يحق للمفتاح فعل هذا",
            ErrorCode::NoKey => "لا مفتاح للإجابة",
            ErrorCode::KeyUnreadable => "تعذّرت قراءة المفتاح",
            ErrorCode::QuotaExhausted => "نفد الرصيد",
            ErrorCode::RateLimited => "طلبات كثيرة جدًا",
            ErrorCode::FreeQuotaExhausted => "نفدت الإجابات المجانية",
            ErrorCode::Overloaded => "المزوّد مثقل بالطلبات",
            ErrorCode::BadModel | ErrorCode::ModelUnavailable => "النموذج غير متاح",
            ErrorCode::ContextLength => "المحادثة طويلة جدًا",
            ErrorCode::ContentFiltered => "رفض المزوّد الإجابة",
            ErrorCode::UnsupportedParam => "إعداد لا يناسب النموذج",
            ErrorCode::Timeout => "لا إجابة في الوقت المتاح",
            ErrorCode::Network => "لا اتصال",
            ErrorCode::UpstreamTruncated => "انقطعت الإجابة",
            ErrorCode::SystemCredentials => "لم يدفع مفتاحك",
            ErrorCode::ServerRestart | ErrorCode::Draining => "أُعيد تشغيل KeyLM",
            ErrorCode::GenerationInProgress => "ما زالت الإجابة جارية",
            _ => "حدث خطأ ما",
        },
        unreachable: "تعذّر الوصول إلى KeyLM. تحقق من اتصالك وحاول مجددًا.",
        incomplete: "كانت الاستمارة ناقصة. أعد تحميل الصفحة وحاول مجددًا.",
        unreadable: "تعذّرت قراءة رد الخادم. أعد تحميل الصفحة وحاول مجددًا.",
        fix_key: "أصلح المفتاح",
        another_key: "استخدم مفتاحًا آخر",
        add_key: "أضف مفتاحًا",
        another_model: "اختر نموذجًا آخر",
        open_settings: "افتح الإعدادات",
    },
    beside: Beside {
        offline: "أنت غير متصل. هذا آخر ما قُرئ؛ يمكنك الإرسال من جديد عند عودة الاتصال.",
        data: "بياناتك",
        data_note: "ملف مضغوط فيه كل محادثاتك بصيغتي JSON وMarkdown. لا يحتوي على مفاتيحك أبدًا.",
        export: "نزّل كل شيء",
        documentation: "التوثيق",
        guide: "الدليل",
        api: "API",
    },
    around: Around {
        archive: "الأرشيف",
        pinned: "المثبّتة",
        pin: "تثبيت",
        unpin: "إلغاء التثبيت",
        export: "حفظ بصيغة Markdown",
        export_json: "حفظ بصيغة JSON",
        unread: "، اكتملت ولم تُقرأ بعد",
        undo: "تراجع",
        show: "عرض",
        answered: |title| ["انتهت الإجابة في «", &name(title), "»."].concat(),
        not_deleted: "تعذّر حذف المحادثة فعادت إلى مكانها. حاول مجددًا بعد قليل.",
        months: [
            "يناير",
            "فبراير",
            "مارس",
            "أبريل",
            "مايو",
            "يونيو",
            "يوليو",
            "أغسطس",
            "سبتمبر",
            "أكتوبر",
            "نوفمبر",
            "ديسمبر",
        ],
        palette: "الأوامر",
        palette_hint: "ابحث في المحادثات والنماذج والأوامر",
        palette_none: "لا شيء يطابق. اكتب أقل أو كلمات أخرى.",
        leave: "هل تفتح هذا العنوان؟",
        leave_note: "إنه خارج KeyLM. يرى من يديره كل ما في العنوان، والعنوان كتبه نموذج.",
        leave_open: "افتحه في علامة تبويب جديدة",
        a_chat: "محادثة",
        chat_with: |model| ["محادثة جديدة مع ", model].concat(),
        shortcuts: "اختصارات لوحة المفاتيح",
        command_key: "Ctrl/⌘",
        toggle_sidebar: "فتح الشريط الجانبي أو إغلاقه",
        copy_answer: "نسخ آخر إجابة",
        copy_code: "نسخ آخر شيفرة",
        compose: "كتابة رسالة",
        light: "ألوان فاتحة",
        dark: "ألوان داكنة",
        system: "ألوان النظام",
        titles: "أسماء المحادثات",
        titles_note: "عندما تكتمل أول إجابة في محادثة يُطلب من نموذجها اسم قصير لها. يدفع مفتاحك ثمن هذا الطلب القصير وحده.",
        titles_on: "مفعّلة",
        titles_off: "متوقفة",
        switch_on: "تفعيل",
        switch_off: "إيقاف",
    },
};

fn models(count: u64) -> String {
    counted(count, ["نموذج واحد", "نموذجان", "نماذج", "نموذجًا", "نموذج"])
}

/// A time span, in the units' first letters where there is little room.
fn span(ms: u64) -> String {
    let (seconds, tenths) = (ms / 1000, ms / 100 % 10);
    match ms {
        0..1_000 => format!("{ms} م.ث"),
        1_000..60_000 => format!("{seconds}.{tenths} ث"),
        _ => format!("{} د {} ث", seconds / 60, seconds % 60),
    }
}

/// What only the server says.
pub static PRINTED: Printed = Printed {
    block: Block {
        wrap: "لفّ الأسطر",
        unwrap: "لا تلفّ الأسطر",
        download: "تنزيل",
        copy: "نسخ",
        copy_csv: "نسخ بصيغة CSV",
        table: "جدول",
        done: "منجزة",
        to_do: "غير منجزة",
        cut: "البقية أطول من أن تُعرض.",
    },
    message: Message {
        branches: "الفروع",
        copy: "انسخ الرسالة",
        copy_markdown: "انسخ بصيغة Markdown",
        again: "أجب من جديد",
        answers: "الإجابات عن هذه الرسالة",
        previous: "اعرض الفرع السابق",
        next: "اعرض الفرع التالي",
        swap: "أجب من جديد بنموذج آخر",
        fork: "تابع من هنا في محادثة جديدة",
        go_on: "تابع",
        details: "التفاصيل",
        thinking: "جارٍ التفكير…",
        mused: "التفكير",
        thought_for: |ms| {
            let seconds = ["ثانية واحدة", "ثانيتين", "ثوانٍ", "ثانية", "ثانية"];
            let seconds = |count| counted(count, seconds);
            match (ms + 500) / 1_000 {
                0 => "فكّر للحظة".to_owned(),
                count @ 1..60 => ["فكّر لمدة ", &seconds(count)].concat(),
                count if count % 60 == 0 => ["فكّر لمدة ", &minutes(count / 60)].concat(),
                count => [
                    "فكّر لمدة ",
                    &minutes(count / 60),
                    " و",
                    &seconds(count % 60),
                ]
                .concat(),
            }
        },
        stopped: "أوقفتَها أنت. النص حتى هنا محفوظ.",
        cut_at_length: "قُطعت عند حد الطول.",
        cut_by_filter: "قطعها مرشّح المحتوى لدى المزوّد.",
        wrong: "ما الذي حدث",
        nearest: "تابع مع أقرب نموذج",
        copy_id: "انسخ رقم الطلب",
        copy_id_note: "لسجل المشغّل",
        read: |tokens| [&name(tokens), " مقروءة"].concat(),
        written: |tokens| [&name(tokens), " مكتوبة"].concat(),
        thought: |tokens| [&name(tokens), " للتفكير"].concat(),
        cost: name,
        cost_unknown: "التكلفة غير معروفة",
        model: name,
        first_word: |span| ["أول كلمة بعد ", span].concat(),
        in_all: |span| [span, " إجمالًا"].concat(),
        span,
        key: |mask| ["المفتاح ", &name(mask)].concat(),
        not: |mask, code| ["ليس ", &name(mask), ": ", (WORDS.errors.headline)(code)].concat(),
    },
    compare: CompareForm {
        question: "سؤالك",
        models: "من نموذجين إلى أربعة نماذج",
        model: |number| format!("النموذج {number}"),
        needed: "provider/model",
        optional: "نموذج آخر إن شئت",
        note: "يُسأل كل نموذج بمفتاحك أنت ويجيب في محادثة خاصة به. وما لا تتابعه منها يبقى في الأرشيف.",
        ask: "اسألها جميعًا",
    },
    facts: Facts {
        model: "النموذج",
        key: "المفتاح",
        read: "الرموز المقروءة",
        written: "الرموز المكتوبة",
        thought: "رموز التفكير",
        pace: "الرموز في الثانية",
        cost: "التكلفة",
        unknown: "غير معروفة",
        first_word: "أول كلمة بعد",
        in_all: "الإجمال",
        asked: "وقت السؤال",
        attempt: "محاولة",
        request: "رقم الطلب",
    },
    models: Models {
        none: "لا يُعرف نموذج بهذه الشروط. اطلب أقل.",
        count: |count| models(count as u64),
        part: |count, first, last| {
            [
                &models(count as u64),
                "، هنا من ",
                &first.to_string(),
                " إلى ",
                &last.to_string(),
            ]
            .concat()
        },
        search: "بحث",
        provider: "المزوّد",
        all: "الكل",
        ability: "يستطيع",
        anything: "أي شيء",
        abilities: [
            "البث",
            "رؤية الصور",
            "استدعاء الأدوات",
            "كتابة JSON",
            "التفكير",
        ],
        context: "السياق",
        any: "أي حجم",
        and_more: |tokens| [&name(tokens), " وأكثر"].concat(),
        price: "دولار لكل مليون مكتوبة، على الأكثر",
        sort: "الترتيب",
        sorts: [
            "الأفضل أولًا",
            "النموذج",
            "المزوّد",
            "السياق",
            "حد الإخراج",
            "$ لكل مليون مقروءة",
            "$ لكل مليون مكتوبة",
        ],
        direction: "الاتجاه",
        up: "تصاعدي",
        down: "تنازلي",
        usable: "ما يمكنني استخدامه فقط",
        show: "أظهر",
        reset: "إعادة الضبط",
        for_you: "لك",
        unknown: "غير معروف",
        start: "ابدأ محادثة",
        start_with: |model| [" مع ", &name(model)].concat(),
        not_listed: "ليس في قائمة مفتاحك",
        unasked: ("لم يُسأل مفتاحك عن قائمته بعد", "اختبره"),
        no_key: ("لا مفتاح بعد", "أضف واحدًا"),
        off: ("مفتاحك متوقف", "شغّله"),
        refused: ("رُفض مفتاحك", "أصلحه"),
        unreadable: ("تعذّرت قراءة مفتاحك", "استبدله"),
        for_provider: |provider| [" لدى ", &name(provider)].concat(),
        pages: "صفحات القائمة",
        previous: "السابقة",
        next: "التالية",
        page: |page, of| format!("الصفحة {page} من {of}"),
    },
    health: Health {
        answered: |share| [&name(&format!("{share}%")), " أُجيبت"].concat(),
        first_word: |span| ["أول كلمة بعد ", span].concat(),
        last_trouble: |code| ["آخر مشكلة: ", (WORDS.errors.headline)(code)].concat(),
        about: |calls| {
            let requests = ["طلب واحد", "طلبين", "طلبات", "طلبًا", "طلب"];
            [
                "من ",
                &counted(calls as u64, requests),
                " من هنا في الساعة الأخيرة",
            ]
            .concat()
        },
    },
    farewell: Farewell {
        gone: |provider| ["لم يعد ", &name(provider), " يقدّم هذا النموذج."].concat(),
        ended: |provider, day| {
            [
                "أعلن ",
                &name(provider),
                " انتهاء هذا النموذج في ",
                &name(day),
                ".",
            ]
            .concat()
        },
        ending: |provider, day| {
            [
                "سيسحب ",
                &name(provider),
                " هذا النموذج في ",
                &name(day),
                ".",
            ]
            .concat()
        },
    },
    pool: Pool {
        used_up: |time| {
            [
                "نفدت الإجابات المجانية لهذا اليوم؛ تأتي إجابات جديدة عند الساعة ",
                time,
                ".",
            ]
            .concat()
        },
        left: |left, limit, time| {
            format!(
                "يدفع مشغّل الخادم ثمن هذه الإجابات: بقي لك {left} من {limit} حتى الساعة {}.",
                name(time)
            )
        },
        nudge: "بمفتاحك أنت تختار بين نماذج أكثر، ولا أحد يعدّ.",
    },
    blocked: Blocked {
        no_key: |provider| ["ليس لديك مفتاح لدى ", &name(provider), "."].concat(),
        no_usable_key: |provider| {
            [
                "لا يمكن استخدام أي من مفاتيحك لدى ",
                &name(provider),
                ": كل منها موقوف أو مرفوض.",
            ]
            .concat()
        },
    },
    archive: Archive {
        empty: "لا شيء في الأرشيف.",
        bring_back: "إعادة",
        delete_ask: "حذف…",
        delete_for_good: "حذف نهائي",
        older: "محادثات أقدم",
    },
    sentences: Sentences {
        of_english,
        of_code,
    },
    offline: Offline {
        title: "أنت غير متصل",
        about: "لا يمكن الوصول إلى KeyLM. ما زالت المحادثات المقروءة مؤخرًا على هذا الجهاز متاحة للقراءة، دون متابعتها.",
        chats: "قُرئت مؤخرًا",
        none: "لم تُحفظ أي محادثة على هذا الجهاز.",
    },
};
