"""The mail of the scenario: who wrote what, when, in which form. A letter's age is in days before today, with an hour of that day (UTC)."""

from __future__ import annotations

from dataclasses import dataclass

ME = "Robin Hale <me@example.org>"
PRIYA, TOM = "Priya Raman <priya.raman@example.org>", "Tom Okafor <tom.okafor@example.com>"
ANA, LENA = "Ana Ruiz <ana@example.org>", "Lena Brandt <lena@example.org>"
WANG, MARTA = "王芳 <wang.fang@example.cn>", "Marta Lind <marta@choir.example.org>"
SHOP, BANK = "Kestrel Books <news@kestrelbooks.example>", "Sparbank Köln <post@sparbank.example>"
HEATING, BO = "City Heating <service@heating.example>", "Bo Nyman <bo@example.com>"


@dataclass(frozen=True)
class Letter:
    """`charset` is that of the subject and the text; `files` are (name, content); `html` stands beside the text, or alone."""

    sender: str
    subject: str
    days: int
    hour: int
    text: str = ""
    seen: bool = True
    to: str = ME
    cc: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    html: str = ""
    charset: str = "utf-8"


INBOX = (
    Letter(PRIYA, "Dinner on Friday", 0, 0, "Shall we meet at the Lantern at nine?\nThe table is for four.", seen=False),
    Letter(TOM, "Photos of the regatta", 1, 8, seen=False,
           html="<html><body><h1>Regatta</h1><p>We came in <b>second</b> &amp; nobody fell in.</p>"
                "<p>More at <a href='https://photos.example/regatta'>the album</a></p></body></html>"),
    Letter(WANG, "下周的会议安排", 1, 10, "你好，\n会议改到周三下午三点，地点不变。\n王芳", seen=False),
    Letter(BANK, "Kontoübersicht für Robin", 1, 15, "Guten Tag,\nIhre Übersicht liegt für Sie bereit.", charset="iso-8859-1"),
    Letter(PRIYA, "Slides for the workshop", 2, 9, "The slides are attached, please look at page seven.",
           files=(("workshop slides.pdf", b"%PDF-1.4 slides of the workshop\n"),)),
    Letter(LENA, "Priya's poster", 3, 11, "Priya asked me to pass this on to you.", files=(("poster.png", b"\x89PNG\r\n\x1a\nposter"),)),
    Letter(MARTA, "Choir rehearsal moved to Thursday", 3, 18, "Dear all,\nthe hall is taken on Tuesday, so we sing on Thursday at seven.",
           to=f"{ME}, {LENA}, Carl Fisk <carl@example.net>", cc="Jonas Weil <jonas@example.net>", seen=False),
    Letter(SHOP, "Autumn reading list", 4, 6, "Ten new books for long evenings.", seen=False,
           html="<html><body><p>Ten <i>new</i> books for long evenings.</p><script>track()</script></body></html>"),
    Letter(HEATING, "Your boiler inspection on the 3rd", 5, 12, "Our engineer comes between eight and twelve.\nPlease clear the cupboard."),
    Letter(WANG, "关于明年预算的讨论", 6, 7, "附件是明年预算的草稿，请看一下第二页。", charset="gb2312",
           files=(("预算草稿.csv", "项目,金额\n房租,12000\n".encode()),)),
    Letter(TOM, "The noise downstairs", 8, 20, "I think it is your boiler again. Could you listen tonight?"),
    Letter(ANA, "Bicycle for sale?", 9, 13, "Do you still have the blue bicycle?\nMy sister needs one."),
    Letter(PRIYA, "Numbers from the survey", 11, 16, "Here are the numbers.\nTwo rows are missing, I will send them later.",
           files=(("survey.csv", b"question,answers\n1,204\n2,198\n"),)),
    Letter(BO, "Quote for the kitchen", 13, 10, "The joiner's quote came today, it is less than we thought.",
           files=(("quote.pdf", b"%PDF-1.4 quote\n"), ("sketch.png", b"\x89PNG\r\n\x1a\nsketch"))),
    Letter(LENA, "Re: Picnic", 16, 9, "Sunday is fine with me.\n\n> Shall we say Sunday?"),
    Letter(SHOP, "Your order has left our house", 20, 5, "Two books are on their way."),
    Letter(WANG, "预算已经批准", 24, 3, "好消息：预算今天批准了。"),
    Letter(ANA, "House keys", 33, 19, "I left the keys with your neighbour at number six."),
    Letter(TOM, "Ladder", 41, 14, "May I keep your ladder until Monday?"),
)  # fmt: skip

DRAFTS = (
    Letter(ME, "Thank you for the weekend", 2, 21, "Dear Lena,\nthank you for the two days at the lake.", to=LENA),
    Letter(ME, "Second-hand piano", 5, 17, "Hello,\nis the piano still to be had? I could come on Saturday.", to="piano@market.example"),
    Letter(ME, "Rent for the garage", 12, 9, "Dear Mr Holt,\nthe rent for the garage is on its way.", to="holt@example.net"),
)

SENT = (
    Letter(ME, "Re: Bicycle for sale?", 9, 15, "Yes, it stands in the cellar.", to=ANA),
    Letter(ME, "Picnic", 17, 8, "Shall we say Sunday?", to=LENA),
)

ARCHIVE = (
    Letter("Holt Estates <office@holt.example>", "Your lease for the flat", 700, 10, "The lease is attached.",
           files=(("lease.pdf", b"%PDF-1.4 lease\n"),)),
    Letter("Holt Estates <office@holt.example>", "Reading of the meters", 640, 9, "We read the meters on Monday."),
    Letter(TOM, "Moving day", 630, 8, "From what I hear the lift is broken.\n\nFrom the station it is ten minutes."),
    Letter("Holt Estates <office@holt.example>", "Lease: second signature needed", 620, 11, "Page four needs your signature."),
    Letter(ANA, "Flat at last!", 610, 12, "Did you sign the lease? When may I see it?"),
    Letter("Union Power <hello@power.example>", "Welcome", 600, 13, "Your contract begins on the first of the month."),
    Letter("Holt Estates <office@holt.example>", "End of the old lease", 580, 14, "The deposit will be paid back within a month."),
    Letter("王芳 <wang.fang@example.cn>", "新家怎么样", 570, 15, "搬家累不累？"),
)  # fmt: skip

CLUB = tuple(
    Letter(sender, subject, days, 12, text, to="rowing@club.example.org")
    for sender, subject, days, text in (
        ("Ines Holm <ines@club.example.org>", "Boats for Saturday", 2, "We have two fours and one double."),
        (TOM, "Re: Boats for Saturday", 1, "I take the double."),
        ("Ines Holm <ines@club.example.org>", "New oars", 10, "They are here, blue ones."),
        ("Pavel Dusek <pavel@club.example.org>", "Locker keys", 21, "Who has the spare one?"),
        ("Ines Holm <ines@club.example.org>", "Winter training", 30, "It begins after the regatta."),
        ("Pavel Dusek <pavel@club.example.org>", "Minutes of the meeting", 45, "See the notice board."),
        ("Ines Holm <ines@club.example.org>", "Fees", 60, "They stay as they are."),
    )
)

HOSTILE = (
    b"From: =?utf-8?q?Mallory=1B=5B2J=0D=0ABcc=3A_victim=40example=2Eorg?= <mallory@evil.example>\n"
    b"To: Robin Hale <me@example.org>\n"
    b"Subject: =?utf-8?b?" + b"VXJnZW50DQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw0KWC1FdmlsOiB5ZXM=" + b"?= \x1b]0;owned\x07\x1b[31m\n"
    b"Date: {date}\n"
    b"Message-ID: <hostile@evil.example>\n"
    b"References: <one@evil.example> =?utf-8?q?=0ABcc=3A_victim=40example=2Eorg?= <two@evil.example>\n"
    b"MIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="b"\n'
    b"\n"
    b"--b\nContent-Type: text/plain; charset=utf-8\n\n"
    b"Pay at once.\x1b[2J\x1b]8;;http://evil.example/\x07click\x1b]8;;\x07\n.\nBcc: victim@example.org\n\n"
    b"--b\nContent-Type: application/octet-stream\n"
    b"Content-Disposition: attachment; filename*=utf-8''..%2F..%2F.bashrc%0D%0ABcc%3A%20victim%40example.org\n\nrun me\n--b--\n"
)  # `Urgent`, then lines that would be headers
HOSTILE_DAYS = 7
