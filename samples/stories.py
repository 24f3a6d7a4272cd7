"""What is written on the sample pages: original text, by the authors of rayocr, under its licence."""

from __future__ import annotations

LETTER_HEAD = ("Saltmarsh Point Light", "Northern Shore, 3 November")
LETTER = (
    "Dear Wilhelmina,",
    "Your parcel came over on the Tuesday boat, a little damp at the corners but otherwise brave. "
    "The socks are splendid. I have told the gulls that they are not for them.",
    "You asked what a keeper does all day. Mostly I count things. There are 196 steps to the lamp, "
    "and each evening I count them again, in case somebody has taken one. So far nobody has. "
    "I oil the clockwork, polish the brass, and write down the weather, which never reads what "
    "I write about it and therefore never improves.",
    "Last night a fishing boat lost its way in the fog and I rang the bell for four hours. "
    "At dawn the skipper came ashore, drank three cups of tea without saying a word, and left "
    "a very large crab on the doorstep. I believe we are friends now.",
    "Please send more paper, two pencils, and any news that is not about turnips.",
)
LETTER_END = ("Your affectionate uncle,", "Barnaby Quill", "P.S. The crab has escaped.")

GAZETTE_TITLE = "The Tidewater Gazette"
GAZETTE_LINE = "No. 1,482   Price two pence   Friday evening edition"
GAZETTE = (
    (
        "Clock agrees with itself",
        "For the first time since the great storm the four faces of the harbour clock show the same "
        "hour. Mrs Ottoline Pike, who climbed the tower with a spanner and a ham sandwich, says that "
        "the trouble was a nest of jackdaws in the eastern works. The birds have been moved to the "
        "library, where they are reported to be quiet.",
        "The council has voted its thanks and a second sandwich.",
    ),
    (
        "Ferry to run on Sundays",
        "From the first of the month the small ferry will cross on Sundays at nine, noon and four. "
        "Goats travel at half fare if they sit down. Bicycles are carried free of charge, provided "
        "that they have been baptised with oil.",
    ),
    (
        "Lost and found",
        "Found near the pier: one glove, left hand, with a fish in it. The owner of the glove may "
        "have it back. The owner of the fish is asked to explain.",
    ),
    (
        "Weather",
        "Wind from the west, turning north and thinking better of it. Rain in the afternoon, "
        "mostly on the just. Sea moderate, with opinions.",
    ),
    (
        "Notices",
        "The choir will meet on Thursday. New voices are welcome, old ones are forgiven. "
        "Dr Amble lectures on the history of the button at half past seven; the hall will be "
        "heated, within reason.",
    ),
)

RECEIPT_HEAD = ("HARBOUR STORES", "7 Ropewalk, Tidewater", "VAT reg. 482 1099 37", "14/11/2025  16:42")
RECEIPT = (
    ("Lamp oil 5 l", "12.40"),
    ("Wick, cotton, 2 m", "3.15"),
    ("Sardines x 6", "7.80"),
    ("Marmalade, bitter", "4.25"),
    ("Ginger biscuits", "2.10"),
    ("Pencil HB x 2", "1.30"),
    ("String, ball of", "2.95"),
)
RECEIPT_SUM = (
    ("SUBTOTAL", "33.95"),
    ("VAT 20%", "6.79"),
    ("TOTAL", "40.74"),
    ("CASH", "50.00"),
    ("CHANGE", "9.26"),
)
RECEIPT_END = ("You were served by Edda", "Mind the step. It minds you.", "THANK YOU")

FORM_TITLE = "Form 27b: Declaration of a Found Object"
FORM_FIELDS = (
    ("Name of finder", "Tobias Wren"),
    ("Address", "2 Cooper's Yard, Tidewater"),
    ("Date of finding", "09 October 2025"),
    ("Place of finding", "Low-water mark, below the slipway"),
    ("Reference", "FO-2025-00318"),
)
FORM_TABLE_HEAD = ("Item", "Colour", "Weight (g)", "Condition")
FORM_TABLE = (
    ("Brass telescope", "green", "1,240", "bent"),
    ("Umbrella", "black", "410", "inside out"),
    ("Tin soldier", "red", "38", "at ease"),
    ("Bottle with message", "clear", "655", "illegible"),
    ("Door key", "rust", "74", "opens nothing"),
)
FORM_NOTE = (
    "Objects that are not claimed within ninety days become the property of the sea. "
    "Signed and sealed at the Office of Found Objects, counter 3."
)

NOTICE_TITLE = "Marmalade Night"
NOTICE = (
    "In the church hall, Saturday at six",
    "Bring a jar, a spoon and an opinion.",
    "Twelve Seville oranges",
    "Two lemons, unwaxed",
    "Two kilos of sugar",
    "Four litres of water",
    "Slice the peel as thin as gossip. Soak it overnight.",
    "Boil until it is soft, add the sugar, and stir",
    "until the wooden spoon begins to resist.",
    "Best jar wins the copper pan.",
)

TEA_TITLE = "山间茶馆"
TEA = (
    "清晨的雾还没有散去，茶馆的门已经开了。老板娘把水壶放在炉子上，等第一位客人。",
    "客人是一位送信的老人。他每天走十二里山路，只为喝一杯热茶，听听窗外的鸟叫。",
    "今天他带来一封信，信封上没有名字，只写着：请交给会笑的人。",
    "老板娘看了很久，笑了。老人说：那就是你的了。",
)
TEA_MENU = (("绿茶", "八元"), ("红茶", "九元"), ("菊花茶", "十元"), ("花生", "五元"))

LOGBOOK = (
    (
        "Log of the Light, page 1",
        "1 March. Wind north-west, force 5. Lamp lit at 18:04.",
        "Two ships passed to the south, both polite.",
        "2 March. Wind north, force 6. Lamp lit at 18:06.",
        "Replaced the wick. Replaced the other wick.",
        "3 March. Calm. Lamp lit at 18:08.",
        "So quiet that I heard the paint dry.",
    ),
    (
        "Log of the Light, page 2",
        "4 March. Fog from noon. Bell rung every two minutes.",
        "5 March. Fog. Bell. A seal came to complain.",
        "6 March. Fog lifted at 09:30. Apologised to the seal.",
        "7 March. Wind east, force 3. Washed 44 panes of glass.",
        "8 March. Found a pane that I had missed. Now 45.",
    ),
    (
        "Log of the Light, page 3",
        "9 March. Supply boat: coal, flour, one letter.",
        "10 March. Read the letter twice. Weather fine.",
        "11 March. Gale, force 9. Lamp burned steadily.",
        "12 March. Gale gone. Three slates with it.",
        "Signed: B. Quill, keeper. Countersigned: a gull.",
    ),
)

ALMANAC_TITLE = "The Keeper's Almanac"
ALMANAC = (
    "A calendar for people who live near the edge of things",
    "January is for mending nets and grudges. In February the light returns, a minute at a time, "
    "and nobody thanks it. March blows the washing into the next parish, where it is worn.",
    "Plant potatoes when the blackthorn flowers. Plant beans when the neighbour does, but a day "
    "later, so as not to seem eager. Never plant anything on a spring tide.",
    "A keeper's year has three seasons: fog, visitors, and peace. They overlap.",
)
TIDES_TITLE = "Tides at Saltmarsh Point, first week of May"
TIDES_HEAD = ("Day", "High", "Height m", "Low", "Height m")
TIDES = (
    ("Thu 1", "03:12", "5.8", "09:31", "0.9"),
    ("Fri 2", "03:55", "5.9", "10:14", "0.7"),
    ("Sat 3", "04:38", "5.9", "10:58", "0.7"),
    ("Sun 4", "05:22", "5.7", "11:43", "0.9"),
    ("Mon 5", "06:09", "5.4", "12:31", "1.3"),
    ("Tue 6", "07:01", "5.0", "13:24", "1.7"),
    ("Wed 7", "08:04", "4.6", "14:29", "2.1"),
)
TIDES_NOTE = "Heights are above chart datum. The sea reserves the right to change them."
HANDBILL_TITLE = "Grand Regatta"
HANDBILL = (
    "Tidewater Harbour, Whit Monday",
    "10:00 Rowing boats, four oars",
    "11:30 Sailing dinghies, any colour",
    "13:00 Bathtubs, by popular demand",
    "15:00 Greasy pole, for a ham",
    "Prizes are given by the Mayor.",
    "Boats are given back by the owners.",
)
