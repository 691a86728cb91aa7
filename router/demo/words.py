"""What simulated people say, in English and German. They never say who they are not."""

from __future__ import annotations

from typing import NamedTuple


class Matter(NamedTuple):
    """What somebody wants: the topic on the menu, the first message, and more of it."""

    topic: str
    first: str
    more: tuple[str, ...]


MATTERS: dict[str, tuple[Matter, ...]] = {
    "en": (
        Matter(
            "internet",
            "My internet has been off and on since this morning.",
            ("Yes, in every room.", "I have restarted it twice.", "Now the light is steady."),
        ),
        Matter(
            "internet",
            "Video calls freeze every evening at about eight.",
            ("By cable it is fine.", "Two floors up.", "I will try the other channel."),
        ),
        Matter(
            "router",
            "The third light on my router blinks red.",
            ("It is the white model.", "Since the storm, I think.", "It is green again!"),
        ),
        Matter(
            "router",
            "How do I give my guests a network of their own?",
            ("Found the menu.", "And the password?", "That was easy."),
        ),
        Matter(
            "invoice",
            "I was charged twice in October.",
            ("Contract 88120, I think.", "Both on the 4th.", "So it comes back to my account?"),
        ),
        Matter(
            "invoice",
            "We are moving house. Does my contract come along?",
            ("In the middle of next month.", "Same town.", "Good, that is all."),
        ),
    ),
    "de": (
        Matter(
            "internet",
            "Seit heute früh fällt das Internet immer wieder aus.",
            ("Ja, in allen Zimmern.", "Zweimal neu gestartet.", "Jetzt leuchtet es ruhig."),
        ),
        Matter(
            "router",
            "Am Router blinkt die dritte Lampe rot.",
            ("Das weiße Modell.", "Seit dem Gewitter.", "Jetzt ist sie wieder grün!"),
        ),
        Matter(
            "invoice",
            "Im Oktober wurde zweimal abgebucht.",
            ("Beide am Vierten.", "Vertrag 88120, glaube ich.", "Und das kommt zurück?"),
        ),
    ),
}

GREETING = {
    "en": "Hello, this is {name}, a simulated colleague. What can I do for you?",
    "de": "Guten Tag, hier ist {name}, aus dem simulierten Team. Was kann ich für Sie tun?",
}
ANSWERS = {
    "en": (
        "Thank you, I am looking at your line right now.",
        "Is it the same by cable and by Wi-Fi?",
        "I see it here. Please wait a moment.",
        "I have changed that on our side. What do you see now?",
        "Please press the button at the back for ten seconds.",
    ),
    "de": (
        "Danke, ich sehe mir Ihre Leitung gerade an.",
        "Ist es mit Kabel und WLAN gleich?",
        "Ich sehe es hier. Einen Moment, bitte.",
        "Das habe ich bei uns geändert. Was sehen Sie jetzt?",
        "Drücken Sie bitte den Knopf hinten zehn Sekunden lang.",
    ),
}
GOODBYE = {
    "en": "Then I wish you a good day. Goodbye.",
    "de": "Dann wünsche ich Ihnen einen schönen Tag. Auf Wiedersehen.",
}
THANKS = {"en": "Thank you, that helped.", "de": "Danke, das hat geholfen."}
COMMENTS = ("Kind and quick.", "Took a while, but it works.", "Knew at once what it was.")
NOTES = (
    "Channel changed, steady since.",
    "Will call again after the move.",
    "Credit note sent.",
    "Restarted from here.",
)
REASONS = ("needs_deeper_knowledge", "needs_account_access", "contract_or_money")
TRIED = {
    "en": "Restarted it, compared cable and Wi-Fi, looked at the line: no fault to be seen.",
    "de": "Neu gestartet, Kabel und WLAN verglichen, Leitung geprüft: kein Fehler zu sehen.",
}

CUSTOMERS = (
    "Ada Fischer",
    "Ben Okoro",
    "Clara Nunes",
    "Deniz Kaya",
    "Elif Aksoy",
    "Finn Jansen",
    "Greta Lund",
    "Hugo Martins",
    "Ida Sorensen",
    "Jonas Richter",
    "Kaya Thomsen",
    "Leo Marchetti",
    "Mara Kowalska",
    "Nils Berger",
    "Olga Sidorova",
    "Paul Dubois",
    "Rosa Almeida",
    "Sven Axelsson",
    "Tilda Ekman",
    "Yusuf Demir",
)
