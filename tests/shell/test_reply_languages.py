"""What clients write above a quote and below an answer, language by language."""

# ruff: noqa: E501 (a case is one line)

from __future__ import annotations

import pytest

from mailgate.reply import split

NEW = "#note\nIt arrived.\n\nThe second one, too."
OLD = "Has it arrived?\n\n#resolved"
MARKED = "> Has it arrived?\n>\n> #resolved"

# A row a language. Every client puts the line above a quote with marks; many leave the marks out.
ATTRIBUTIONS = {
    "fr": (
        "Le lun. 3 août 2026 à 10:12, Ana Roy <ana@x.example> a écrit :",  # Gmail
        "Le\u00a0lun. 3 août 2026 à\u00a010:12, Ana Roy <ana@x.example> a écrit\u202f:",
        "Le 3 août 2026 à 10:12, Ana Roy <ana@x.example> a écrit :",  # Apple Mail
        "Le 03/08/2026 à 10:12, Ana Roy a écrit :",  # Thunderbird
        "Le lundi 3 août 2026 à 10:12:33 UTC+2, Ana Roy <ana@x.example> a écrit :",  # Yahoo
        "Le lundi 3 août 2026 à 10:12, Ana Roy <ana@x.example> a écrit :",  # Proton
        "  Le lun., août 3, 2026 à 10:12, Ana Roy<ana@x.example> a écrit :",  # Yahoo, phone
        "Ana Roy <ana@x.example> a écrit sur 03/08/2026 10:12:02 :",  # Lotus Notes
        "-----Ana Roy <ana@x.example> a écrit : -----",  # Domino on the web
    ),
    "en": (
        "On Mon, Aug 3, 2026 at 10:12 AM Ana Roy <ana@x.example> wrote:",
        "On Mon, 3 Aug 2026 at 10:12, Ana Roy <ana@x.example> wrote:",
        "On 3 Aug 2026, at 10:12, Ana Roy <ana@x.example> wrote:",
        "On Aug 3, 2026, at 10:12 AM, Ana Roy <ana@x.example> wrote:",
        "On 8/3/26 10:12 AM, Ana Roy wrote:",
        "On 03/08/2026 10:12, Ana Roy wrote:",
        "On Monday, August 3, 2026 at 10:12:33 AM GMT+2, Ana Roy <ana@x.example> wrote:",
        "On Monday, August 3rd, 2026 at 10:12, Ana Roy <ana@x.example> wrote:",
        "Ana Roy <ana@x.example> wrote on 03/08/2026 10:12:02:",
        "-----Ana Roy <ana@x.example> wrote: -----",
    ),
    "de": (
        "Am Mo., 3. Aug. 2026 um 10:12 Uhr schrieb Ana Roy <ana@x.example>:",
        "Am 03.08.2026 um 10:12 schrieb Ana Roy <ana@x.example>:",
        "Am 03.08.26 um 10:12 schrieb Ana Roy:",
        "Am Montag, 3. August 2026 um 10:12:33 MESZ hat Ana Roy <ana@x.example> Folgendes geschrieben:",
        "Ana Roy <ana@x.example> schrieb am Montag, 3. August 2026 um 10:12:",
        "Ana Roy <ana@x.example> schrieb am 03.08.2026 10:12:02:",
        "-----Ana Roy <ana@x.example> schrieb: -----",
    ),
    "es": (
        "El lun, 3 ago 2026 a las 10:12, Ana Roy (<ana@x.example>) escribió:",
        "El 3 ago 2026, a las 10:12, Ana Roy <ana@x.example> escribió:",
        "El 3/8/26 a las 10:12, Ana Roy escribió:",
        "El lunes, 3 de agosto de 2026, 10:12:33 CEST, Ana Roy <ana@x.example> escribió:",
        "-----Ana Roy <ana@x.example> escribió: -----",
    ),
    "it": (
        "Il giorno lun 3 ago 2026 alle ore 10:12 Ana Roy <ana@x.example> ha scritto:",
        "Il giorno 3 ago 2026, alle ore 10:12, Ana Roy <ana@x.example> ha scritto:",
        "Il 03/08/2026 10:12, Ana Roy ha scritto:",
        "Il lunedì 3 agosto 2026 alle ore 10:12:33 CEST, Ana Roy <ana@x.example> ha scritto:",
        "-----Ana Roy <ana@x.example> ha scritto: -----",
    ),
    "nl": (
        "Op ma 3 aug 2026 om 10:12 schreef Ana Roy <ana@x.example>:",
        "Op 3 aug. 2026, om 10:12 heeft Ana Roy <ana@x.example> het volgende geschreven:",
        "Op 03-08-2026 om 10:12 schreef Ana Roy:",
        "Op maandag 3 augustus 2026 om 10:12:33 CEST schreef Ana Roy <ana@x.example>:",
        "-----Ana Roy <ana@x.example> schreef: -----",
    ),
    "pt": (
        "Em seg., 3 de ago. de 2026 às 10:12, Ana Roy <ana@x.example> escreveu:",
        "Ana Roy <ana@x.example> escreveu (segunda, 3/08/2026 à(s) 10:12):",
        "No dia 3 de ago. de 2026, à(s) 10:12, Ana Roy <ana@x.example> escreveu:",
        "Às 10:12 de 03/08/2026, Ana Roy escreveu:",
        "Em 03/08/2026 10:12, Ana Roy escreveu:",
        "Em segunda-feira, 3 de agosto de 2026 10:12:33 BRT, Ana Roy <ana@x.example> escreveu:",
    ),
    "pl": (
        "pon., 3 sie 2026 o 10:12 Ana Roy <ana@x.example> napisał(a):",
        "Wiadomość napisana przez Ana Roy <ana@x.example> w dniu 3 sie 2026, o godz. 10:12:",
        "W dniu 03.08.2026 o 10:12, Ana Roy pisze:",
        "W dniu poniedziałek, 3 sierpnia 2026 10:12:33 CEST użytkownik Ana Roy <ana@x.example> napisał:",
        "Dnia 3 sierpnia 2026 10:12 Ana Roy <ana@x.example> napisał(a):",
    ),
    "sv": (
        "Den mån 3 aug. 2026 kl 10:12 skrev Ana Roy <ana@x.example>:",
        "3 aug. 2026 kl. 10:12 skrev Ana Roy <ana@x.example>:",
        "Den 2026-08-03 kl. 10:12, skrev Ana Roy:",
    ),
    "da": (
        "Den man. 3. aug. 2026 kl. 10.12 skrev Ana Roy <ana@x.example>:",
        "Den 03.08.2026 kl. 10.12 skrev Ana Roy:",
    ),
    "nb": (
        "man. 3. aug. 2026 kl. 10:12 skrev Ana Roy <ana@x.example>:",
        "Den 03.08.2026 10:12, skrev Ana Roy:",
    ),
    "fi": ("ma 3. elok. 2026 klo 10.12 Ana Roy (ana@x.example) kirjoitti:",),
    "cs": (
        "po 3. 8. 2026 v 10:12 odesílatel Ana Roy <ana@x.example> napsal:",
        "3. 8. 2026 v 10:12, Ana Roy <ana@x.example>:",
        "Dne 03. 08. 2026 v 10:12 Ana Roy napsal(a):",
    ),
    "ru": (
        "пн, 3 авг. 2026 г. в 10:12, Ana Roy <ana@x.example>:",
        "3 авг. 2026 г., в 10:12, Ana Roy <ana@x.example> написал(а):",
        "03.08.2026 10:12, Ana Roy пишет:",
    ),
    "hu": ("Ana Roy <ana@x.example> ezt írta (időpont: 2026. aug. 3., H, 10:12):",),
    "ro": ("În lun., 3 aug. 2026 la 10:12, Ana Roy <ana@x.example> a scris:",),
    "tr": ("Ana Roy <ana@x.example>, 3 Ağu 2026 Pzt, 10:12 tarihinde şunu yazdı:",),
    "uk": ("пн, 3 серп. 2026 р. о 10:12 Ana Roy <ana@x.example> пише:",),
    "ja": ("2026年8月3日(月) 10:12 Ana Roy <ana@x.example>:",),
}

# The labels that Outlook, Lotus and phones write above a quote: from, sent, to, subject.
LABELS = {
    "fr": ("De : Envoyé : À : Objet :", "De : Date : À : Objet :", "De : Date : Pour : Objet :"),
    "en": ("From: Sent: To: Subject:", "From: Date: To: Subject:"),
    "de": ("Von: Gesendet: An: Betreff:", "Von: Datum: An: Betreff:"),
    "es": (
        "De: Enviado: Para: Asunto:",
        "De: Enviado|el: Para: Asunto:",
        "De: Fecha: Para: Asunto:",
    ),
    "it": ("Da: Inviato: A: Oggetto:", "Da: Data: A: Oggetto:", "Da: Data: Per: Oggetto:"),
    "nl": ("Van: Verzonden: Aan: Onderwerp:", "Van: Datum: Aan: Onderwerp:"),
    "pt": (
        "De: Enviado: Para: Assunto:",
        "De: Enviada|em: Para: Assunto:",
        "De: Data: Para: Assunto:",
        "De: Enviada: Para: Assunto:",
    ),
    "pl": ("Od: Wysłano: Do: Temat:", "Od: Wysłane: Do: Temat:", "Od: Data: Do: Temat:"),
    "sv": ("Från: Skickat: Till: Ämne:", "Från: Datum: Till: Ämne:"),
    "da": ("Fra: Sendt: Til: Emne:", "Fra: Dato: Til: Emne:"),
    "fi": ("Lähettäjä: Lähetetty: Vastaanottaja: Aihe:",),
    "cs": ("Od: Odesláno: Komu: Předmět:", "Od: Datum: Komu: Předmět:"),
    "ru": ("От: Отправлено: Кому: Тема:", "От: Дата: Кому: Тема:"),
    "hu": ("Feladó: Elküldve: Címzett: Tárgy:",),
    "ro": ("De|la: Trimis: Către: Subiect:",),
    "tr": ("Kimden: Gönderildi: Kime: Konu:",),
    "el": ("Από: Στάλθηκε: Προς: Θέμα:",),
    "uk": ("Від: Надіслано: Кому: Тема:",),
    "ja": ("差出人: 送信日時: 宛先: 件名:",),
    "zh": ("发件人: 发送时间: 收件人: 主题:",),
}

TITLES = {
    "fr": (
        "-----Message d'origine-----",
        "-------- Message d’origine --------",
        "------- Message original -------",
        "---------- Message transféré ----------",
        "----- Mail original -----",
        "-----Rendez-vous d'origine-----",
    ),
    "en": (
        "-----Original Message-----",
        "-------- Original message --------",
        "---------- Forwarded message ---------",
        "-----Original Appointment-----",
    ),
    "de": (
        "-----Ursprüngliche Nachricht-----",
        "-------- Original-Nachricht --------",
        "-------- Weitergeleitete Nachricht --------",
        "-----Ursprünglicher Termin-----",
    ),
    "es": (
        "-----Mensaje original-----",
        "---------- Mensaje reenviado ----------",
        "-----Cita original-----",
    ),
    "it": ("-----Messaggio originale-----", "-------- Messaggio inoltrato --------"),
    "nl": (
        "-----Oorspronkelijk bericht-----",
        "-------- Doorgestuurd bericht --------",
        "-------- Origineel bericht --------",
    ),
    "pt": (
        "-----Mensagem original-----",
        "---------- Mensagem encaminhada ----------",
        "---------- Mensagem reencaminhada ----------",
    ),
    "pl": (
        "-----Wiadomość oryginalna-----",
        "-------- Oryginalna wiadomość --------",
        "---------- Wiadomość przekazana dalej ----------",
    ),
    "sv": ("-----Ursprungligt meddelande-----", "---------- Vidarebefordrat meddelande ----------"),
    "da": ("-----Oprindelig meddelelse-----", "---------- Videresendt meddelelse ----------"),
    "nb": ("-----Opprinnelig melding-----", "---------- Videresendt melding ----------"),
    "cs": ("-----Původní zpráva-----", "---------- Přeposlaná zpráva ----------"),
    "ru": ("-----Исходное сообщение-----", "-------- Пересылаемое сообщение --------"),
}

PHONES = {
    "fr": (
        "Envoyé de mon iPhone",
        "Envoyé depuis mon appareil Galaxy",
        "Envoyé depuis mon smartphone Samsung Galaxy.",
        "Envoyé à partir de Outlook pour Android<https://aka.ms/x>",
        "Envoyé à partir d'Outlook pour iOS",
        "Obtenir Outlook pour Android<https://aka.ms/x>",
        "Télécharger Outlook pour iOS<https://aka.ms/x>",
        "Envoyé à partir de Courrier pour Windows",
        "Envoyé avec la messagerie sécurisée Proton Mail.",
        "Envoyé depuis Yahoo Mail pour Android",
        "Provenance : Courrier pour Windows 10",
        "Envoyé de mon appareil Android avec K-9 Mail. Veuillez excuser ma brièveté.",
    ),
    "en": (
        "Sent from my iPhone",
        "Sent from my Galaxy",
        "Sent from Outlook for Android<https://aka.ms/x>",
        "Get Outlook for iOS<https://aka.ms/x>",
        "Sent from Mail for Windows 10",
        "Sent with Proton Mail secure email.",
        "Sent from Yahoo Mail on Android",
        "Sent from Yahoo Mail for iPhone<https://x.example/y>",
        "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
        "Sent via the Samsung Galaxy S21, an AT&T 5G smartphone",
    ),
    "de": (
        "Von meinem iPhone gesendet",
        "Von meinem Samsung Galaxy Smartphone gesendet.",
        "Gesendet von Outlook für Android<https://aka.ms/x>",
        "Outlook für iOS herunterladen<https://aka.ms/x>",
        "Gesendet von Mail für Windows",
        "Gesendet mit Proton Mail Secure E-Mail.",
        "Gesendet mit der Telekom Mail App",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    ),
    "es": (
        "Enviado desde mi iPhone",
        "Enviado desde mi Samsung Galaxy",
        "Enviado desde Outlook para Android<https://aka.ms/x>",
        "Obtener Outlook para iOS<https://aka.ms/x>",
        "Descargar Outlook para iOS",
        "Enviado desde Correo para Windows",
        "Enviado con el correo seguro de Proton Mail.",
    ),
    "it": (
        "Inviato da iPhone",
        "Inviato dal mio Galaxy",
        "Inviato da Outlook per Android<https://aka.ms/x>",
        "Scarica Outlook per iOS<https://aka.ms/x>",
        "Ottieni Outlook per Android",
        "Inviato da Posta per Windows",
        "Inviato con l'email sicura di Proton Mail.",
    ),
    "nl": (
        "Verstuurd vanaf mijn iPhone",
        "Verzonden vanaf mijn Galaxy",
        "Verzonden vanuit Outlook voor Android<https://aka.ms/x>",
        "Outlook voor iOS downloaden<https://aka.ms/x>",
        "Verzonden vanuit Mail voor Windows",
        "Verzonden met Proton Mail beveiligde e-mail.",
    ),
    "pt": (
        "Enviado do meu iPhone",
        "Enviado do meu Galaxy",
        "Enviado do Outlook para Android<https://aka.ms/x>",
        "Obter o Outlook para iOS<https://aka.ms/x>",
        "Baixar o Outlook para Android",
        "Enviado do Correio para Windows",
        "Enviado a partir do meu smartphone Samsung Galaxy.",
    ),
    "pl": (
        "Wysłane z iPhone'a",
        "Wysłano z iPhone'a",
        "Wysłane z mojego telefonu Galaxy",
        "Wysłano z programu Outlook dla systemu Android<https://aka.ms/x>",
        "Pobierz program Outlook dla systemu iOS<https://aka.ms/x>",
        "Wysłano z aplikacji Poczta dla systemu Windows",
    ),
    "sv": (
        "Skickat från min iPhone",
        "Hämta Outlook för iOS<https://aka.ms/x>",
        "Skickades från Outlook för Android",
    ),
    "da": ("Sendt fra min iPhone", "Hent Outlook til iOS<https://aka.ms/x>"),
    "nb": ("Sendt fra min iPhone", "Skaff deg Outlook for iOS<https://aka.ms/x>"),
    "cs": ("Odesláno z iPhonu", "Získat Outlook pro iOS<https://aka.ms/x>"),
    "ru": ("Отправлено с iPhone", "Получить Outlook для iOS<https://aka.ms/x>"),
}

CLOSINGS = {
    "fr": ("Cordialement,", "Bien cordialement", "Bien à vous,", "Salutations distinguées", "Cdt,", "Bonne journée,"),
    "en": ("Best regards,", "Kind regards", "Regards,", "Cheers,", "Sincerely,", "Best,"),
    "de": ("Mit freundlichen Grüßen", "Viele Grüße", "Freundliche Grüße,", "MfG", "Beste Grüße"),
    "es": ("Saludos,", "Un saludo,", "Atentamente,", "Saludos cordiales"),
    "it": ("Cordiali saluti,", "Distinti saluti", "Saluti", "Un saluto,"),
    "nl": ("Met vriendelijke groet,", "Met vriendelijke groeten", "Groeten,", "Mvg"),
    "pt": ("Atenciosamente,", "Cumprimentos,", "Com os melhores cumprimentos", "Att,"),
    "pl": ("Pozdrawiam,", "Z poważaniem", "Z pozdrowieniami,"),
    "sv": ("Med vänliga hälsningar", "Mvh", "Vänliga hälsningar,"),
    "da": ("Med venlig hilsen", "Venlig hilsen", "Hilsen", "Kh", "Mange hilsner"),
    "nb": ("Med vennlig hilsen", "Vennlig hilsen,"),
    "cs": ("S pozdravem", "S pozdravem,"),
    "ru": ("С уважением,",),
}  # fmt: skip

DISCLAIMERS = {
    "fr": "Ce message et ses pièces jointes sont confidentiels et destinés à la seule personne nommée.\nSi vous n'en êtes pas le destinataire ou l'avez reçu par erreur, merci de le détruire.",
    "en": "This e-mail and its attachments are confidential and meant for the addressee alone.\nIf you are not the intended recipient or got it in error, please delete it.",
    "de": "Diese E-Mail enthält vertrauliche Informationen und gilt allein dem genannten Empfänger.\nHaben Sie sie irrtümlich erhalten, so löschen Sie diese E-Mail bitte.",
    "es": "Este mensaje es confidencial y va dirigido a su destinatario.\nSi lo ha recibido por error, elimine el mensaje y avise al remitente.",
    "it": "Questo messaggio è riservato e rivolto al solo destinatario.\nSe lo avete ricevuto per errore, siete pregati di cancellarlo.",
    "nl": "Dit bericht is vertrouwelijk en alleen bestemd voor de geadresseerde.\nHebt u het ten onrechte ontvangen, verwijder het dan en meld het de afzender.",
    "pt": "Esta mensagem é confidencial e dirige-se ao seu destinatário.\nSe a recebeu por engano, apague-a e avise o remetente.",
    "pl": "Ta wiadomość jest poufna i przeznaczona dla jej adresata.\nJeśli trafiła do Państwa omyłkowo, prosimy ją usunąć i powiadomić nadawcę.",
}  # fmt: skip


def rows(table: dict[str, tuple[str, ...]]) -> list[object]:
    return [pytest.param(one, id=f"{name}: {one}") for name, row in table.items() for one in row]


def header(labels: str, gap: str = " ") -> str:
    values = ("Ana Roy <ana@x.example>", "3 08 2026 10:12", "Desk <desk@y.example>", "Badge")
    names = [name.strip().replace("|", " ") for name in labels.split(":")[:4]]
    return "\n".join(f"{name}:{gap}{value}" for name, value in zip(names, values, strict=True))


@pytest.mark.parametrize("border", rows(ATTRIBUTIONS))
@pytest.mark.parametrize("old", [OLD, MARKED], ids=["unmarked", "marked"])
def test_the_line_above_a_quote(border: str, old: str) -> None:
    broken = border if border.startswith("--") else wrapped(border)
    for below in (f"{border}\n\n{old}", f"{border}\n{old}", f"{broken}\n\n{old}"):
        reply = split(f"{NEW}\n\n{below}\n")
        assert (reply.text, reply.rest) == (NEW, below)


def wrapped(border: str) -> str:
    """As Gmail breaks it: before or behind the bracket of the address."""
    return border.replace("<", "<\n", 1) if len(border) % 2 else border.replace(" <", "\n<", 1)


@pytest.mark.parametrize("labels", rows(LABELS))
def test_a_header_above_a_quote(labels: str) -> None:
    block = header(labels)
    for below in (
        f"{block}\n\n{OLD}",
        f"{block}\n{OLD}",
        f"{'_' * 32}\n{block}\n\n{OLD}",
        f"{header(labels, chr(9))}\n\n{OLD}",
        f"{header(labels).replace(':', chr(0xA0) + ':')}\n\n{OLD}",
        "\n".join(f"*{line.replace(':', ':*', 1)}" for line in block.split("\n")) + f"\n\n{OLD}",
    ):
        reply = split(f"{NEW}\n\n{below}\n")
        assert (reply.text, reply.rest) == (NEW, below)


@pytest.mark.parametrize("title", rows(TITLES))
def test_a_title_above_a_quote(title: str) -> None:
    reply = split(f"{NEW}\n\n{title}\n{OLD}\n")
    assert (reply.text, reply.rest) == (NEW, f"{title}\n{OLD}")


@pytest.mark.parametrize("line", rows(PHONES))
def test_a_line_that_a_phone_adds(line: str) -> None:
    reply = split(f"{NEW}\n\n{line}\n\n{MARKED}")
    assert (reply.text, reply.rest) == (NEW, f"{line}\n\n{MARKED}")
    assert split(f"{line}\n\n{NEW}").text == f"{line}\n\n{NEW}"


@pytest.mark.parametrize("line", rows(CLOSINGS))
def test_what_people_write_above_their_names(line: str) -> None:
    for block in (
        f"{line}\nAna Roy",
        f"{line}\n\nAna Roy\nHead of Supplies\nTel. +33 5 61 00 00 00\nhttps://x.example",
        line,
    ):
        reply = split(f"{NEW}\n\n{block}\n\n{MARKED}")
        assert (reply.text, reply.rest) == (NEW, f"{block}\n\n{MARKED}")
        below = f"{block}\n\nBy the way, the key is missing as well."
        assert split(f"{NEW}\n\n{below}").text == f"{NEW}\n\n{below}"


@pytest.mark.parametrize("language", DISCLAIMERS)
def test_a_disclaimer(language: str) -> None:
    words = DISCLAIMERS[language]
    for below in (words, words.replace("\n", " "), f"{'_' * 30}\n{words}", f"Ana Roy\n\n{words}"):
        reply = split(f"{NEW}\n\n{below}\n\n{MARKED}", sender="Ana Roy")
        assert (reply.text, reply.rest) == (NEW, f"{below}\n\n{MARKED}")
