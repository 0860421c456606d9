"""The words that CLIP chooses from, and the sentences that stand for them.

A model of this kind cannot say what is in a picture; it can say which of some sentences fits best. So each group holds
phrases that exclude each other, well apart in meaning, and sentences that fit where none of them does.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.cuesheet import Emotion


@dataclass(frozen=True)
class Group:
    """Phrases of which a picture shows one at the most."""

    name: str
    sentences: tuple[str, ...]  #: each with {} for the phrase; a phrase is the mean of them
    phrases: tuple[str, ...]  #: as they stand in the sentence
    neither: tuple[str, ...]  #: sentences for pictures that show none of them


def tag(phrase: str) -> str:
    """Return a phrase without its preposition and article: "at sunset" is tagged "sunset"."""
    words = phrase.split()
    while len(words) > 1 and words[0] in ("at", "in", "inside", "on", "under", "by", "a", "an", "the"):
        words.pop(0)
    return " ".join(words)


PLACES = (
    "on a beach", "by the sea", "on the open sea", "under water", "by a lake", "by a river", "at a waterfall",
    "in a forest", "in a jungle", "in the mountains", "in the hills", "in a desert", "in a meadow",
    "in a field of crops", "in a garden", "in a park", "in a city street", "in a city skyline", "in a village",
    "in a suburb", "at a market", "at a harbour", "on a bridge", "on a motorway", "on a country road",
    "at a railway station", "at an airport", "in a factory", "on a building site", "in a ruin", "in a castle",
    "in a church", "in a temple", "in a museum", "in a library", "in a school", "in an office", "in a laboratory",
    "in a hospital", "in a shop", "in a restaurant", "in a kitchen", "in a bedroom", "in a living room",
    "in a bathroom", "in a corridor", "in a workshop", "in a studio", "in a theatre", "on a stage", "in a nightclub",
    "in a gym", "in a stadium", "on a sports field", "in a swimming pool", "in a playground", "on a farm", "in a cave",
    "on a snowy slope", "on a glacier", "in the sky", "in space", "inside a car", "inside a train",
    "inside an aeroplane", "on a boat",
)  # fmt: skip

SUBJECTS = (
    "a man", "a woman", "a child", "a baby", "an old person", "a couple", "a family", "a group of friends",
    "a crowd of people", "a bride and groom", "a musician", "a dancer", "an athlete", "a cook", "a soldier",
    "a worker", "a pair of hands", "a face in close-up", "a silhouette of a person", "a dog", "a cat", "a horse",
    "cattle", "a bird", "a flock of birds", "a fish", "a shoal of fish", "an insect", "a herd of wild animals",
    "a bear", "a lion", "a monkey", "a snake", "a whale", "a flower", "a tree", "clouds", "waves", "a mountain",
    "the moon", "stars", "a bonfire", "fireworks", "a candle", "a car", "a lorry", "a motorcycle", "a bicycle",
    "a train", "an aeroplane", "a helicopter", "a rocket", "a ship", "a sailing boat", "a house", "a skyscraper",
    "a machine", "a robot", "a computer screen", "a telephone", "a book", "a meal", "a drink", "a cake", "a toy",
    "a painting", "a statue", "a map", "a chart", "written words", "a cartoon character", "an abstract pattern",
)  # fmt: skip

#: subjects that an activity may be said of
ACTING = frozenset(SUBJECTS[: SUBJECTS.index("a whale") + 1]) - {"a pair of hands", "a face in close-up"}

ACTIVITIES = (
    "walking", "running", "jumping", "dancing", "singing", "playing an instrument", "talking", "laughing", "crying",
    "kissing", "hugging", "fighting", "shouting", "sleeping", "eating", "drinking", "cooking", "reading", "writing",
    "working at a computer", "painting", "building something", "cleaning", "shopping", "driving", "riding a bicycle",
    "riding a horse", "flying", "swimming", "surfing", "diving", "sailing", "skiing", "skating", "climbing",
    "playing football", "playing basketball", "lifting weights", "doing yoga", "playing a game", "celebrating",
    "marching", "waiting", "sitting quietly", "standing still", "looking into the camera",
)  # fmt: skip

LIGHTS = (
    "at sunrise", "at sunset", "at dusk", "at night", "in bright daylight", "in golden light",
    "in blue light", "in neon light", "in candlelight", "in firelight", "in moonlight", "in stage light",
    "in lamplight", "in harsh shadow", "in soft light",
)  # fmt: skip

WEATHERS = (
    "in the rain", "in a thunderstorm", "in falling snow", "in fog", "in strong wind", "in a dust storm",
    "under a clear blue sky", "under an overcast sky", "under a rainbow",
)  # fmt: skip

MOODS = (
    "calm", "cheerful", "romantic", "dreamy", "nostalgic", "melancholic", "lonely", "mysterious", "tense", "scary",
    "dramatic", "epic", "playful", "energetic", "triumphant", "hopeful",
)  # fmt: skip

GROUPS = (
    Group(
        "subject",
        ("a photo of {}", "a film still of {}"),
        SUBJECTS,
        ("a photo", "a blurry picture of nothing", "a photo of an empty scene"),
    ),
    Group(
        "activity",
        ("a photo of someone {}", "a film still of people {}"),
        ACTIVITIES,
        ("a photo with nobody in it", "a photo of a thing", "a photo of a landscape", "a photo of an animal"),
    ),
    Group(
        "place",
        ("a photo taken {}", "a film still of a scene {}"),
        PLACES,
        ("a photo taken somewhere", "a picture of a plain background", "a close-up of an object"),
    ),
    Group("light", ("a photo taken {}", "a film scene {}"), LIGHTS, ("a photo", "a film scene", "a drawing")),
    Group(
        "weather", ("a photo taken {}", "a landscape {}"), WEATHERS, ("a photo taken indoors", "a photo", "a drawing")
    ),
    Group("mood", ("a photo with a {} mood", "a {} film scene"), MOODS, ("a photo", "an ordinary film scene")),
)

#: times of day among the lights, as the sheet names them
TIMES = {"at sunrise": "dawn", "at sunset": "dusk", "at dusk": "dusk", "at night": "night", "in moonlight": "night"} | {
    "in bright daylight": "day"
}

#: sentences for each emotion: of faces, and of pictures without any
EMOTION_SENTENCES: dict[Emotion, tuple[str, ...]] = {
    "happiness": ("a photo of a happy, smiling person", "a joyful scene", "a photo that makes people feel happy",
                  "people having a good time"),
    "sadness": ("a photo of a sad, crying person", "a sorrowful scene", "a photo that makes people feel sad",
                "a lonely, grieving person"),
    "disgust": ("a photo of a disgusted face", "a revolting scene", "a photo that makes people feel disgust",
                "something rotten and filthy"),
    "anger": ("a photo of an angry, shouting person", "a furious fight", "a photo that makes people feel angry",
              "a violent scene"),
    "fear": ("a photo of a frightened face", "a terrifying scene", "a photo that makes people feel afraid",
             "a threatening, dark place"),
    "surprise": ("a photo of a surprised, astonished face", "an amazing scene", "a photo that makes people marvel",
                 "a sudden, spectacular event"),
    "neutrality": ("a photo of a person with a neutral face", "an ordinary scene", "an everyday, plain place",
                   "a photo that makes people feel nothing"),
}  # fmt: skip
