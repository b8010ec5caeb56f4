"""What mail programs and people write around quotes and below answers, a row a language.

Alternatives stand between "|". Everything is in lower case with straight apostrophes,
as `reply` compares lines. A new language is a new row.
"""
# Length: one table, a row a language.

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words."""

    name: str
    # How the line above a quote begins, blanks included, and the verb in it:
    # "le " of "Le lun. 3 août 2026 à 10:12, X <x@y> a écrit :".
    opens: str
    wrote: str
    # The labels of a quoted header block: from, sent, to, subject.
    labels: tuple[str, str, str, str]
    titles: str = ""  # of "-----Message d'origine-----"
    sent: str = ""  # "envoyé de" of "Envoyé de mon iPhone"; "…" where words stand between
    mine: str = ""  # "mon" of the same: only programs write it so
    get: str = ""  # "obtenir" of "Obtenir Outlook pour iOS"
    closings: str = ""  # alone on a line above a name
    # A disclaimer: what it calls itself, and words of which it has several.
    this: str = ""
    secret: str = ""


LANGUAGES = (
    Language(
        "French",
        "le ",
        "a écrit|a ecrit|écrivait|écrit",
        (
            "de|expéditeur|émetteur",
            "envoyé|date|envoyé le|date d'envoi",
            "à|a|pour|destinataire",
            "objet|sujet",
        ),
        "message d'origine|message original|mail original|courriel original|e-mail d'origine"
        "|message transféré|message transmis|message réexpédié|rendez-vous d'origine",
        "envoyé de|envoyé depuis|envoyé à partir de|envoyé à partir d'|envoyé à l'aide de"
        "|envoyé avec|envoyé via|envoyée de|envoyée depuis|expédié de|expédié depuis|télégraphié de"
        "|télégraphié depuis|provenance :",
        "mon|ma|mes",
        "obtenir|obtenez|télécharger|téléchargez|telecharger",
        "cordialement|bien cordialement|très cordialement|cordialement vôtre|bien à vous|bien à toi"
        "|salutations|meilleures salutations|salutations distinguées|sincères salutations"
        "|sincèrement|respectueusement|cdt|cdlt|crdt|crdlt|bonne journée|bonne soirée"
        "|belle journée|bonne réception|amicalement",
        "ce message|cet e-mail|ce courriel|ce mail|ce courrier électronique|cet email",
        "confidentiel|destinataire|erreur|détrui|supprim|divulg|pièces jointes|interdit|destiné"
        "|expéditeur|responsabilité",
    ),
    Language(
        "English",
        "on |at ",
        "wrote|writes|said",
        ("from|sender", "sent|date|sent at|date sent", "to", "subject"),
        "original message|original email|original e-mail|original appointment|reply message"
        "|forwarded message|forwarded by|begin forwarded",
        "sent from|sent with|sent using|sent via|sent by|written from|written with"
        "|composed with|composed on",
        "my",
        "get|download",
        "regards|best regards|kind regards|warm regards|kindest regards|with kind regards"
        "|best wishes|many regards|with regards|cheers|best|all the best|sincerely|sincerely yours"
        "|yours sincerely|yours faithfully|yours truly|respectfully|br|rgds|kr",
        "this e-mail|this email|this message|this communication|this transmission"
        "|confidentiality notice|the information contained|the content of this",
        "confidential|recipient|in error|delete|destroy|disclos|attachment|prohibit|intended"
        "|addressee|privileged|notify|liab|unauthori",
    ),
    Language(
        "German",
        "am |den |im ",
        "schrieb|geschrieben|folgendes",
        ("von|absender", "gesendet|datum|gesendet am", "an", "betreff"),
        "ursprüngliche nachricht|originalnachricht|original-nachricht|weitergeleitete nachricht"
        "|ursprünglicher termin|ursprüngliche mail|original nachricht|ursprüngliche e-mail",
        "gesendet von|gesendet mit|gesendet über|verschickt mit|verfasst mit|von meinem…gesendet"
        "|von meiner…gesendet|diese nachricht wurde von…gesendet",
        "meinem|meiner",
        "holen sie sich|laden sie|outlook…herunterladen",
        "mit freundlichen grüßen|mit freundlichen grüssen|freundliche grüße|freundliche grüsse"
        "|viele grüße|viele grüsse|beste grüße|beste grüsse|herzliche grüße|liebe grüße"
        "|schöne grüße|mit besten grüßen|mit freundlichem gruß|mit freundlichem gruss"
        "|freundlichen gruß|gruß|grüße|gruss|mfg|vg|lg|hochachtungsvoll",
        "diese e-mail|diese email|diese nachricht|diese mail|der inhalt dieser",
        "vertraulich|empfänger|irrtümlich|lösch|vernicht|anhänge|anlagen|unbefugt|bestimmt|absender"
        "|weitergabe|informier|informationen",
    ),
    Language(
        "Spanish",
        "el ",
        "escribió|escribio|ha escrito",
        ("de", "enviado|fecha|enviado el|enviada el|enviado a las", "para|a", "asunto"),
        "mensaje original|mensaje reenviado|cita original|correo original",
        "enviado desde|enviado con|enviado por|enviado mediante|enviado vía",
        "mi|mis",
        "obtener|obtén|obtenga|descargar|descarga|consigue",
        "saludos|un saludo|saludos cordiales|un cordial saludo|cordialmente|atentamente"
        "|muy atentamente|reciba un cordial saludo|un abrazo|cordiales saludos",
        "este mensaje|este correo|este e-mail|este email|la información contenida",
        "confidencial|destinatari|error|elimin|destru|adjunto|prohib|dirigid|remitente|divulga"
        "|notifi|borr",
    ),
    Language(
        "Italian",
        "il |in data |nel ",
        "ha scritto|scrive|ha inviato",
        ("da|mittente", "inviato|data|data invio", "a|per", "oggetto"),
        "messaggio originale|messaggio inoltrato|messaggio originario|appuntamento originale"
        "|inizio messaggio inoltrato",
        "inviato da|inviato dal|inviato dalla|inviato con|inviato tramite|inviato dall'",
        "mio|mia",
        "scarica|ottieni",
        "cordiali saluti|distinti saluti|saluti|un saluto|un cordiale saluto|cordialmente"
        "|un caro saluto|i migliori saluti|cari saluti",
        "questo messaggio|questa e-mail|questa email|il presente messaggio|la presente e-mail"
        "|le informazioni contenute",
        "riservat|confidenzial|destinatari|errore|cancell|elimin|distrug|allegat|vietat|mittente"
        "|divulga|avvis",
    ),
    Language(
        "Dutch",
        "op ",
        "schreef|geschreven|het volgende",
        ("van|afzender", "verzonden|datum|verzonden op", "aan", "onderwerp"),
        "oorspronkelijk bericht|oorspronkelijke bericht|doorgestuurd bericht|origineel bericht"
        "|oorspronkelijke afspraak|originele bericht",
        "verstuurd vanaf|verzonden vanaf|verstuurd vanuit|verzonden vanuit|verzonden met"
        "|verstuurd met|verzonden via|verstuurd via",
        "mijn",
        "download|outlook…downloaden",
        "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten"
        "|hartelijke groet|hartelijke groeten|groet|groeten|groetjes|mvg|hoogachtend"
        "|met hartelijke groet",
        "dit bericht|deze e-mail|deze email|deze mail|de informatie in",
        "vertrouwelijk|geadresseerde|ontvanger|onterecht|ten onrechte|verwijder|vernietig|bijlage"
        "|bestemd|afzender|abusievelijk|verbod|openbaar",
    ),
    Language(
        "Portuguese",
        "em |no dia |a |às ",
        "escreveu",
        (
            "de|remetente",
            "enviado|enviada|data|enviada em|enviado em|enviado a|enviado às",
            "para",
            "assunto",
        ),
        "mensagem original|mensagem encaminhada|mensagem reencaminhada|compromisso original"
        "|e-mail original",
        "enviado do|enviado da|enviado de|enviado a partir do|enviado a partir da|enviado pelo"
        "|enviado através do|enviado com|enviado via|enviada do",
        "meu|minha",
        "obter|obtenha|baixar|baixe|transferir",
        "atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos"
        "|com os meus cumprimentos|cordialmente|abraços|saudações|att|atte|cpts",
        "esta mensagem|este e-mail|este email|este correio|a informação contida"
        "|as informações contidas",
        "confidencia|destinatári|engano|erro|apag|elimin|destru|anexo|proibid|dirig|remetente"
        "|divulga",
    ),
    Language(
        "Polish",
        "w dniu |dnia |w |wiadomość napisana przez ",
        "napisał|napisal|pisze|w dniu",
        ("od|nadawca", "wysłano|wysłane|data|wyslano|data wysłania", "do|adresat", "temat"),
        "oryginalna wiadomość|wiadomość oryginalna|wiadomość przekazana dalej|przekazana wiadomość"
        "|treść przekazanej wiadomości|pierwotna wiadomość|początek przekazywanej wiadomości",
        "wysłane z|wysłano z|wysłane za pomocą|wysłano za pomocą|wysłane przez|wysłano przy użyciu",
        "mojego|mojej",
        "pobierz|uzyskaj",
        "pozdrawiam|z poważaniem|z pozdrowieniami|pozdrowienia|serdecznie pozdrawiam"
        "|pozdrawiam serdecznie|z wyrazami szacunku|łączę pozdrowienia",
        "ta wiadomość|niniejsza wiadomość|niniejszy e-mail|ten e-mail|treść tej wiadomości",
        "poufn|adresat|omyłk|pomyłk|usun|zniszcz|załącznik|zabron|przeznaczon|nadawc|ujawni"
        "|odbiorc",
    ),
    Language(
        "Swedish",
        "den |på |kl. |",
        "skrev",
        ("från|avsändare", "skickat|datum", "till", "ämne"),
        "ursprungligt meddelande|vidarebefordrat meddelande|originalmeddelande",
        "skickat från|skickades från|skickat med",
        "min|mitt",
        "hämta",
        "med vänliga hälsningar|vänliga hälsningar|med vänlig hälsning|vänlig hälsning|hälsningar"
        "|bästa hälsningar|mvh|hälsning",
    ),
    Language(
        "Danish",
        "den |d. |tir. |man. |ons. |tor. |fre. |lør. |søn. ",
        "skrev",
        ("fra|afsender", "sendt|dato", "til", "emne"),
        "original meddelelse|oprindelig meddelelse|oprindelig besked|videresendt besked"
        "|videresendt meddelelse|oprindelig aftale|original besked",
        "sendt fra|sendt med|sendt via",
        "min|mit",
        "hent",
        "med venlig hilsen|venlig hilsen|hilsen|mange hilsner|bedste hilsner|de bedste hilsner"
        "|venlige hilsner|kærlig hilsen|kh|mvh|vh|med venlige hilsner",
    ),
    Language(
        "Norwegian",
        "den |kl. |",
        "skrev",
        ("fra|avsender", "sendt|dato", "til", "emne"),
        "opprinnelig melding|videresendt melding|opprinnelig avtale",
        "sendt fra|sendt med|sendt via",
        "min|mitt",
        "skaff deg|last ned",
        "med vennlig hilsen|vennlig hilsen|hilsen|beste hilsen|mvh|vennlige hilsener",
    ),
    Language(
        "Finnish",
        "",
        "kirjoitti",
        ("lähettäjä", "lähetetty|päivä|päiväys", "vastaanottaja", "aihe"),
        "alkuperäinen viesti|välitetty viesti",
        "lähetetty",
        "",
        "hanki",
        "ystävällisin terveisin|terveisin|parhain terveisin|t.",
    ),
    Language(
        "Czech, Slovak",
        "dne |dňa |",
        "napsal|napísal|píše",
        ("od", "odesláno|odoslané|datum|dátum|dne", "komu|pro", "předmět|predmet"),
        "původní zpráva|přeposlaná zpráva|pôvodná správa|preposlaná správa|původní e-mail",
        "odesláno z|odesláno ze|odoslané z|odesláno pomocí",
        "mého|môjho",
        "získat|získať|stáhnout",
        "s pozdravem|s pozdravom|zdravím|s úctou|hezký den",
    ),
    Language(
        "Russian",
        "",
        "написал|пишет|писал",
        ("от|от кого", "отправлено|дата|отправлен", "кому", "тема"),
        "пересылаемое сообщение|исходное сообщение|пересланное сообщение|исходное письмо",
        "отправлено с|отправлено из|отправлено через",
        "моего",
        "получить|скачать",
        "с уважением|с наилучшими пожеланиями|всего доброго",
    ),
    Language(
        "Ukrainian",
        "",
        "пише|написав|написала",
        ("від", "надіслано|дата|відправлено", "кому", "тема"),
        "оригінальне повідомлення|переслане повідомлення",
        "надіслано з",
        "мого",
        "отримати",
        "з повагою",
    ),
    Language(
        "Hungarian",
        "",
        "írta",
        ("feladó|küldő", "elküldve|küldve|dátum", "címzett", "tárgy"),
        "eredeti üzenet|továbbított üzenet",
        closings="üdvözlettel|tisztelettel|üdv",
    ),
    Language(
        "Romanian",
        "în |pe ",
        "a scris",
        ("de la|de|expeditor", "trimis|data|dată", "către|la", "subiect"),
        "mesaj original|mesaj redirecționat",
        "trimis de pe|trimis din",
        "meu|mea",
        closings="cu stimă|cu respect|toate cele bune",
    ),
    Language(
        "Turkish",
        "",
        "yazdı",
        ("kimden|gönderen", "gönderildi|tarih|gönderme tarihi", "kime|alıcı", "konu"),
        "özgün ileti|orijinal mesaj|iletilen mesaj|yönlendirilen mesaj",
        closings="saygılarımla|iyi çalışmalar",
    ),
    Language(
        "Greek",
        "στις ",
        "έγραψε",
        ("από", "στάλθηκε|ημερομηνία|εστάλη", "προς", "θέμα"),
        "αρχικό μήνυμα|προωθημένο μήνυμα",
    ),
    Language(
        "Japanese",
        "",
        "のメール|に書き込まれ|wrote",
        ("差出人|送信者", "送信日時|日時|日付", "宛先", "件名"),
        "転送メッセージ|元のメッセージ",
    ),
    Language(
        "Chinese",
        "",
        "写道|寫道",
        (
            "寄件者|发件人|寄件人",
            "日期|发送时间|發送時間|寄件日期",
            "收件人|收件者",
            "主题|主旨|主題",
        ),
        "原始邮件|转发邮件|原始郵件",
    ),
)
