//! What the API says in English, in Arabic.

use crate::shared::error::ErrorCode;

/// What it always says with the same words.
pub(super) fn of_english(english: &str) -> Option<&'static str> {
    field(english)
        .or_else(|| problem(english))
        .or_else(|| sentence(english))
}

/// What to enter.
fn field(english: &str) -> Option<&'static str> {
    Some(match english {
        "API key" => "مفتاح API",
        "API key (if there is one)" => "مفتاح API (إن وُجد)",
        "API version (only for an old resource)" => "إصدار API (للموارد القديمة فقط)",
        "Address, with its path" => "العنوان مع مساره",
        "Bedrock API key" => "مفتاح Bedrock API",
        "Location" => "الموقع",
        "Model (if the server has no list)" => "النموذج (إن لم تكن للخادم قائمة)",
        "Project id, where it is not the service account's own" => {
            "رقم المشروع، إن لم يكن مشروع حساب الخدمة نفسه"
        }
        "Region" => "المنطقة",
        "Resource name" => "اسم المورد",
        "Secret access key" => "مفتاح الوصول السري",
        "Service account key (JSON)" => "مفتاح حساب الخدمة (JSON)",
        "Session token of a temporary key" => "رمز الجلسة لمفتاح مؤقت",
        "Who pays" => "من يدفع",
        "My keys that are stored here. Each goes to the gateway with the messages for its provider." => {
            "مفاتيحي المحفوظة هنا. يذهب كل منها إلى البوابة مع رسائل مزوّده."
        }
        "The credits of my own gateway account" => "رصيد حسابي لدى البوابة",
        "Without JSON: e-mail of the service account" => "من دون JSON: بريد حساب الخدمة",
        "Without JSON: id of the private key" => "من دون JSON: رقم المفتاح الخاص",
        "Without JSON: private key (PEM)" => "من دون JSON: المفتاح الخاص (PEM)",
        "or: access key id" => "أو: رقم مفتاح الوصول",
        _ => return None,
    })
}

/// What is wrong with it.
fn problem(english: &str) -> Option<&'static str> {
    Some(match english {
        "Enter an e-mail address, like ada@example.org." => {
            "أدخل عنوان بريد إلكتروني، مثل ada@example.org."
        }
        "There is an account with this e-mail already. Sign in instead." => {
            "يوجد حساب بهذا البريد بالفعل. سجّل الدخول بدلًا من ذلك."
        }
        "Use at least 8 characters." => "استخدم 8 أحرف على الأقل.",
        "Use at most 1024 bytes." => "استخدم 1024 بايت على الأكثر.",
        "Paste the key." => "الصق المفتاح.",
        "That is longer than any key." => "هذا أطول من أي مفتاح.",
        "A key has no blanks, line breaks or special characters. Copy it again." => {
            "لا فراغات ولا أسطر جديدة ولا رموز خاصة في المفتاح. انسخه من جديد."
        }
        "Fill this in." => "املأ هذا الحقل.",
        "That is longer than any credential." => "هذا أطول من أي بيانات دخول.",
        "There are control characters in it. Copy it again." => "فيه محارف تحكّم. انسخه من جديد.",
        "Use at most # characters." => "العدد الأقصى للأحرف: #.",
        "The free pool reads at most # characters of a chat, its system prompt included. Start a new chat, or add a key of your own." => {
            "تقرأ الخدمة المجانية من المحادثة حتى # حرف، ومنها تعليمات النظام. ابدأ محادثة جديدة، أو أضف مفتاحًا لك."
        }
        "Take the invisible zero character out." => "أزل محرف الصفر غير المرئي.",
        "Choose two to four different models." => "اختر من نموذجين إلى أربعة نماذج مختلفة.",
        "Choose models from the list." => "اختر نماذج من القائمة.",
        "Use at most 256 characters." => "استخدم 256 حرفًا على الأكثر.",
        "Use at most 255 characters." => "استخدم 255 حرفًا على الأكثر.",
        "Use plain letters, digits and signs in one line." => {
            "استخدم حروفًا لاتينية وأرقامًا وعلامات في سطر واحد."
        }
        "Choose one of the values on offer." => "اختر إحدى القيم المعروضة.",
        "Use small letters, digits and hyphens only, like europe-west4." => {
            "استخدم حروفًا لاتينية صغيرة وأرقامًا وشرطات فقط، مثل europe-west4."
        }
        "Fill in an API key, or an access key with its secret." => {
            "أدخل مفتاح API، أو مفتاح وصول مع سرّه."
        }
        "Fill in either an API key, or an access key with its secret." => {
            "أدخل إما مفتاح API، أو مفتاح وصول مع سرّه."
        }
        "Fill in either the JSON key or its parts." => "أدخل إما مفتاح JSON أو أجزاءه.",
        "This is no key of a service account. Make one under Keys, JSON, and paste the whole file." => {
            "هذا ليس مفتاح حساب خدمة. أنشئ واحدًا هناك بصيغة JSON، والصق الملف كله."
        }
        "Add the id of the project." => "أضف رقم المشروع.",
        "Add the service account's e-mail address." => "أضف بريد حساب الخدمة.",
        "Add the service account's private key." => "أضف المفتاح الخاص لحساب الخدمة.",
        "Paste the JSON key of a service account." => "الصق مفتاح JSON لحساب خدمة.",
        "The private key cannot be read. Paste it whole, from -----BEGIN to the last -----." => {
            "تعذّرت قراءة المفتاح الخاص. الصقه كاملًا، من -----BEGIN إلى آخر -----."
        }
        "There is no list of models at this address. Check its path: it usually ends in /v1. If the server has no list, name a model." => {
            "لا قائمة نماذج على هذا العنوان. تحقق من مساره: ينتهي عادة بـ /v1. وإن لم تكن للخادم قائمة فسمِّ نموذجًا."
        }
        "Add the secret of this access key." => "أضف سر مفتاح الوصول هذا.",
        "Add the id of this access key." => "أضف رقم مفتاح الوصول هذا.",
        "An access key that begins with ASIA is temporary. Add its session token." => {
            "مفتاح الوصول الذي يبدأ بـ ASIA مؤقت. أضف رمز جلسته."
        }
        "Use at most 60 characters, without line breaks." => {
            "استخدم 60 حرفًا على الأكثر، من دون أسطر جديدة."
        }
        "Use at most 200 characters, without line breaks." => {
            "استخدم 200 حرف على الأكثر، من دون أسطر جديدة."
        }
        "Use at most 50 000 characters." => "استخدم 50 000 حرف على الأكثر.",
        "Use a number from 0 to 2." => "استخدم عددًا من 0 إلى 2.",
        "Use a number above 0 and at most 1." => "استخدم عددًا أكبر من 0 ولا يزيد على 1.",
        "Use a whole number from 1 to 1 000 000." => "استخدم عددًا صحيحًا من 1 إلى 1 000 000.",
        "Write something first." => "اكتب شيئًا أولًا.",
        "None of your keys lists another model to go on with. Add a key under Providers." => {
            "لا يعرض أي من مفاتيحك نموذجًا آخر للمتابعة. أضف مفتاحًا في صفحة المزوّدين."
        }
        "The gateway takes no key of yours for this maker’s models. Pick a model of OpenAI, Anthropic, Google, xAI, Mistral or Cohere, or let the credits of a gateway account of yours pay." => {
            "لا تأخذ البوابة أي مفتاح لك لنماذج هذه الجهة. اختر نموذجًا من OpenAI أو Anthropic أو Google أو xAI أو Mistral أو Cohere، أو دع رصيد حسابك لدى البوابة يدفع."
        }
        "Nobody has said who pays at Vercel AI Gateway. Replace its key under Providers and choose: your stored keys, or the credits of your gateway account." => {
            "لم يُحدَّد من يدفع لدى Vercel AI Gateway. استبدل مفتاحها في صفحة المزوّدين واختر: مفاتيحك المحفوظة، أو رصيد حسابك لدى البوابة."
        }
        _ => return None,
    })
}

/// What happened, warnings, who paid.
fn sentence(english: &str) -> Option<&'static str> {
    Some(match english {
        "free pool" => "الإجابات المجانية",
        "Fifty chats are pinned already. Take another one off first." => {
            "خمسون محادثة مثبّتة بالفعل. ألغِ تثبيت واحدة أولًا."
        }
        "Too many requests. Try again in # s." => "الطلبات كثيرة. حاول مجددًا بعد # ث.",
        "# answers of yours are being written. Wait for one of them to end, or stop it." => {
            "عدد إجاباتك الجارية الآن: #. انتظر نهاية إحداها أو أوقفها؛ فلا تُكتب إجابات أكثر معًا."
        }
        "# windows or programs follow this answer already. Close one of them, or open the chat again when the answer has ended." => {
            "عدد النوافذ والبرامج التي تتابع هذه الإجابة: #. أغلق واحدة منها، أو افتح المحادثة مجددًا بعد نهاية الإجابة."
        }
        "This server writes as many answers as it can. Try again in a few seconds." => {
            "يكتب هذا الخادم كل ما يستطيع من إجابات. حاول مجددًا بعد ثوانٍ."
        }
        "This server has no free pool any more. Add a key of your own, and continue in a new chat." => {
            "لم تعد في هذا الخادم إجابات مجانية. أضف مفتاحًا لك، وتابع في محادثة جديدة."
        }
        "Sign in first." => "سجّل الدخول أولًا.",
        "The server restarted while answering. What had arrived is kept; retry to get a whole answer." => {
            "أُعيد تشغيل الخادم أثناء الإجابة. ما وصل محفوظ؛ حاول مجددًا لتحصل على إجابة كاملة."
        }
        "This server has no list of models, so this is the one that you named." => {
            "ليس لهذا الخادم قائمة نماذج، فهذا هو النموذج الذي سمّيته."
        }
        _ => return None,
    })
}

/// What to say of an error whose own sentence is made of names and numbers.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a language may leave some to the server's own words"
)]
pub(super) fn of_code(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::InvalidKey => {
            "لا يقبل المزوّد هذا المفتاح. تأكد من أنه نُسخ كاملًا، أو أنشئ مفتاحًا جديدًا."
        }
        ErrorCode::InsufficientPermission => {
            "يعرف المزوّد هذا المفتاح لكنه لا يملك هذه الصلاحية. امنحه الصلاحية الناقصة، أو استخدم مفتاحًا آخر."
        }
        ErrorCode::RateLimited => "الطلبات كثيرة الآن. انتظر لحظة وحاول مجددًا.",
        ErrorCode::QuotaExhausted => {
            "لم يبقَ رصيد في الحساب الذي وراء هذا المفتاح. أضف رصيدًا هناك، أو استخدم مفتاحًا آخر."
        }
        ErrorCode::Overloaded => {
            "المزوّد مثقل بالطلبات الآن. حاول مجددًا بعد قليل، أو اختر نموذجًا آخر."
        }
        ErrorCode::BadModel => {
            "لا يقدّم المزوّد هذا النموذج لهذا المفتاح. حدّث قائمة النماذج واختر غيره."
        }
        ErrorCode::ModelUnavailable => {
            "سحب المزوّد هذا النموذج من قائمة المفتاح. ابدأ محادثة جديدة بنموذج آخر، أو حدّث القائمة إن كان ينبغي أن يكون فيها."
        }
        ErrorCode::ContextLength => {
            "هذه المحادثة أطول مما يستطيع النموذج قراءته. ابدأ محادثة جديدة أو اختر نموذجًا بنافذة أكبر."
        }
        ErrorCode::ContentFiltered => {
            "رفض المزوّد الإجابة عن هذا. أعد صياغة الرسالة، أو جرّب نموذجًا آخر."
        }
        ErrorCode::UnsupportedParam => {
            "لا يقبل النموذج أحد إعدادات هذه المحادثة. أعد ضبط الإعدادات وحاول مجددًا."
        }
        ErrorCode::Timeout => "لم يُجب المزوّد في الوقت المتاح. ما وصل محفوظ؛ حاول مجددًا.",
        ErrorCode::Network => "تعذّر الوصول إلى المزوّد. تحقق من الاتصال وحاول مجددًا.",
        ErrorCode::ProviderRedirected => {
            "أجاب المزوّد بتحويل إلى عنوان آخر، وهذا لا يُتبع أبدًا. على المشغّل أن يتحقق من عنوانه."
        }
        ErrorCode::UpstreamError => {
            "أعطى المزوّد ردًا لا يمكن استخدامه. حاول مجددًا، أو اختر نموذجًا آخر."
        }
        ErrorCode::UpstreamTruncated => "قطع المزوّد الإجابة. ما وصل محفوظ؛ حاول مجددًا.",
        ErrorCode::SystemCredentials => {
            "لم تدع البوابة مفتاحك يدفع بل دفعت ببيانات دخولها، فأُنهيت هذه الإجابة. اختبر مفتاحك لمزوّد النموذج في صفحة المزوّدين، وتحدّث مع المزوّد مباشرة حتى يُصلح ذلك."
        }
        ErrorCode::Unauthenticated => "سجّل الدخول أولًا.",
        ErrorCode::InvalidCredentials => {
            "البريد وكلمة المرور لا يتوافقان. تحقق من كليهما وحاول مجددًا."
        }
        ErrorCode::CrossOrigin => {
            "جاء هذا الطلب من موقع آخر فرُفض. افتح KeyLM نفسه وحاول مجددًا هناك."
        }
        ErrorCode::NotFound => "لا يوجد شيء كهذا هنا. ربما حُذف.",
        ErrorCode::Validation => "تحقق من الحقول المعلّمة.",
        ErrorCode::TooLarge => "الطلب كبير جدًا. أرسل أقل.",
        ErrorCode::MethodNotAllowed | ErrorCode::UnsupportedMediaType => {
            "لم يُفهم الطلب. أعد تحميل الصفحة وحاول مجددًا."
        }
        ErrorCode::NoKey => "لا مفتاح فعّالًا لدى هذا المزوّد. أضف مفتاحًا في صفحة المزوّدين.",
        ErrorCode::KeyUnreadable => "تعذّر فتح المفتاح المحفوظ. أدخله من جديد في صفحة المزوّدين.",
        ErrorCode::ThreadProviderMismatch => {
            "تبقى المحادثة على مزوّدها ونموذجها. ابدأ محادثة جديدة لتستخدم غيرهما."
        }
        ErrorCode::GenerationInProgress => {
            "ما زالت إجابة جارية في هذه المحادثة. انتظر نهايتها أو أوقفها أولًا."
        }
        ErrorCode::IdempotencyMismatch => "استُخدم رقم هذا الإرسال من قبل. أرسل من جديد.",
        ErrorCode::FreeQuotaExhausted => {
            "نفدت الإجابات المجانية لهذا اليوم. أضف مفتاحك لتتابع، أو عُد بعد منتصف الليل بالتوقيت العالمي."
        }
        ErrorCode::Storage => "لا تستجيب قاعدة البيانات. لم يتغيّر شيء؛ حاول مجددًا بعد ثوانٍ.",
        ErrorCode::Draining => "يُعاد تشغيل الخادم. حاول مجددًا بعد ثوانٍ.",
        ErrorCode::ServerRestart => {
            "أُعيد تشغيل الخادم أثناء الإجابة. ما وصل محفوظ؛ حاول مجددًا لتحصل على إجابة كاملة."
        }
        ErrorCode::Internal => "تعطّل شيء من جهتنا. حاول مجددًا؛ وإن استمر فأعطِ المشغّل رقم الطلب.",
    })
}
