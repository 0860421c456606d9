# ruff: noqa: RUF001 - words in many alphabets are what this file is about
"""The images that words call up: English, German, Spanish and French, and the commonest of other scripts.

Words are looked up without accents and capitals, and without the endings that make plurals. A language counts only
where the text is written in it: "car" is a vehicle in English and a reason in French.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.breakdown.passages import plain
from pipeline.storyboard import Figure, Hour, Weather, World

TONGUES = ("en", "de", "es", "fr")


@dataclass(frozen=True)
class Motif:
    """Something to see."""

    name: str
    thing: str  #: as prompts say it, one way or "another/the other"; empty: it only colours the rest
    worlds: tuple[World, ...] = ()  #: where it is seen, best first
    hour: Hour | None = None
    weather: Weather | None = None
    figure: Figure | None = None
    mood: tuple[float, float] = (0.0, 0.0)  #: valence and arousal that it brings, -1 to 1


def _m(
    words: str, name: str, thing: str = "", *worlds: World, hour: Hour | None = None, weather: Weather | None = None,
    figure: Figure | None = None, mood: tuple[float, float] = (0.0, 0.0),
) -> tuple[Motif, str]:  # fmt: skip
    return Motif(name, thing, worlds, hour, weather, figure, mood), words


#: "English | German | Spanish | French | other scripts" of each motif
_ENTRIES = (
    _m("sea ocean wave tide coast surf | meer ozean welle see kuste flut | mar oceano ola marea costa | mer "
       "ocean vague maree cote | 海 浪 波 море волна океан 바다 بحر",
       "sea", "long waves rolling in/moonlit surf far below/a path of light across the water", "sea"),
    _m("beach shore sand seaside | strand sand ufer | playa arena orilla | plage sable rivage | 沙滩 пляж",
       "beach", "an empty shoreline", "sea", mood=(0.3, -0.1)),
    _m("drown sink underwater deep depth dive coral fish | ertrinken sinken tiefe tauchen fisch | ahogar "
       "hundir hondo profundo bucear pez | noyer couler profond plonger poisson | 深海 глубина",
       "deep", "shafts of light sinking into the deep/a slow stream of bubbles", "underwater", mood=(-0.3, -0.2)),
    _m("river stream lake waterfall bridge | fluss bach brucke wasserfall | rio arroyo lago puente cascada | "
       "riviere fleuve lac pont cascade | 川 河 湖 река озеро 강",
       "river", "a slow river catching the light", "forest", "mountains", mood=(0.1, -0.2)),
    _m("boat ship sail sailor harbour harbor anchor captain | boot schiff segel hafen anker kapitan | barco "
       "nave vela puerto ancla marinero | bateau navire voile port ancre marin | 船 корабль",
       "boat", "a small boat under way", "sea", figure="boat"),
    _m("lighthouse island | leuchtturm insel | faro isla | phare ile | 島 остров маяк",
       "lighthouse", "a lighthouse on a dark rock", "sea", figure="house"),
    _m("storm thunder lightning hurricane tempest | sturm donner blitz gewitter | tormenta trueno rayo "
       "relampago | orage tonnerre eclair tempete | 嵐 雷 буря гроза 폭풍",
       "storm", "storm clouds torn open by lightning", "sea", "mountains", "fields", weather="storm",
       mood=(-0.3, 0.6)),
    _m("rain raining rainy raindrop umbrella puddle | regen regnet regentropfen regenschirm pfutze | lluvia "
       "llueve llover paraguas charco | pluie pleut parapluie flaque | 雨 дождь 비 مطر",
       "rain", "rain shining on every edge/ripples spreading in dark puddles/a curtain of falling drops", "street",
       "city", weather="rain", mood=(-0.25, -0.1)),
    _m("snow winter ice frozen frost cold snowflake | schnee winter eis gefroren frost kalt | nieve invierno "
       "hielo helado frio | neige hiver glace gel froid | 雪 冬 снег зима 눈 겨울",
       "snow", "untouched snow", "mountains", "forest", weather="snow", mood=(-0.15, -0.3)),
    _m("fog mist haze smoke smoky | nebel dunst rauch | niebla bruma humo | brouillard brume fumee | 霧 туман "
       "дым 안개",
       "fog", "drifting mist", "forest", "mountains", weather="fog", mood=(-0.1, -0.3)),
    _m("wind breeze blow | wind brise wehen | viento brisa soplar | vent brise souffler | 風 风 ветер 바람 ريح",
       "wind", "tall grass bent by the wind", "fields", mood=(0.05, 0.15)),
    _m("cloud sky heaven heavens | wolke himmel | nube cielo | nuage ciel | 空 雲 天空 небо 하늘 سماء",
       "sky", "an enormous sky/towering clouds lit from within", "fields", "mountains", mood=(0.2, 0.0)),
    _m("sun sunshine sunlight summer sunny | sonne sonnenschein sommer sonnig | sol verano soleado | soleil "
       "ete | 太陽 夏 солнце лето 태양 여름 شمس",
       "sun", "warm sunlight flooding in", "fields", "sea", hour="day", weather="clear", mood=(0.5, 0.25)),
    _m("dawn sunrise morning daybreak awake | morgen sonnenaufgang morgengrauen aufwachen | amanecer manana "
       "alba despertar | aube matin aurore reveil | 朝 黎明 утро рассвет 아침",
       "dawn", "", hour="dawn", mood=(0.3, -0.1)),
    _m("dusk sunset evening twilight | abend sonnenuntergang dammerung | atardecer ocaso tarde crepusculo | "
       "crepuscule soir soiree couchant | 夕 黄昏 вечер закат 저녁",
       "dusk", "", hour="dusk", mood=(0.0, -0.2)),
    _m("night midnight tonight nighttime dark darkness | nacht mitternacht dunkel dunkelheit finster | noche "
       "medianoche oscuro oscuridad anoche | nuit minuit noir obscurite | 夜 晚 ночь темно 밤 ليل",
       "night", "", "city", "street", hour="night", mood=(-0.1, 0.0)),
    _m("moon moonlight lunar | mond mondlicht mondschein | luna | lune | 月 月亮 луна 달 قمر",
       "moon", "a large low moon", "mountains", "sea", hour="night", mood=(0.0, -0.3)),
    _m("star starlight constellation | stern sternenlicht | estrella lucero | etoile | 星 звезда 별 نجم",
       "stars", "a sky thick with stars/a shooting star drawing its line/the pale band of the Milky Way", "space",
       "mountains", hour="night", mood=(0.25, 0.0)),
    _m("space galaxy planet universe cosmos orbit rocket comet gravity | weltall galaxie planet "
       "universum rakete komet | espacio galaxia planeta universo cohete cometa "
       "gravedad | espace galaxie planete univers fusee comete | 宇宙 космос 우주",
       "space", "planets hanging in the dark", "space", mood=(0.1, 0.1)),
    _m("astronaut spaceman cosmonaut | astronaut raumfahrer | astronauta cosmonauta "
       "| astronaute cosmonaute | космонавт",
       "astronaut", "", "space", figure="walker"),
    _m("city town downtown skyline skyscraper rooftop tower | stadt hochhaus dach turm skyline | ciudad "
       "rascacielos azotea torre | ville immeuble toit tour | 街 城市 都市 город 도시 مدينة",
       "city", "tower windows glittering/red beacons above the roofs/streams of light between the blocks", "city",
       mood=(0.05, 0.2)),
    _m("street alley corner sidewalk pavement lamp | strasse gasse ecke gehweg laterne | calle callejon "
       "esquina acera farola | rue ruelle coin trottoir reverbere | 道 улица 거리",
       "street", "a row of street lamps", "street"),
    _m("neon lights taxi subway metro traffic | neon lichter taxi bahn verkehr | neon luces taxi metro "
       "trafico | neon lumieres taxi metro circulation | ネオン неон 네온",
       "neon", "neon tubes mirrored in wet asphalt/coloured glows bleeding into haze/blinking lamps in a row",
       "street", "city", hour="night", mood=(0.1, 0.4)),
    _m("party club disco dancefloor crowd | party feier disco tanzflache menge | fiesta discoteca pista "
       "gente | fete boite discotheque piste foule | 派对 вечеринка",
       "party", "coloured beams through haze", "city", "abstract", hour="night", figure="dancer", mood=(0.5, 0.7)),
    _m("road highway mile journey travel | weg autobahn landstrasse reise kilometer | camino carretera viaje "
       "autopista | route chemin autoroute voyage | 路 дорога 길 طريق",
       "road", "a road running to the horizon/faded lane markings/a bend that hides what comes", "desert", "fields",
       "mountains", mood=(0.1, 0.2)),
    _m("car drive driving wheel engine cadillac | auto wagen fahren lenkrad motor | coche carro conducir "
       "manejar motor | voiture conduire volant moteur bagnole | 車 машина 자동차",
       "car", "headlights cutting the dark/a rear-view mirror full of light", "street", "desert", figure="car",
       mood=(0.15, 0.4)),
    _m("train railway rail railroad station | zug schiene bahnhof eisenbahn | tren estacion riel vias | gare "
       "rail wagon | 列車 電車 поезд вокзал 기차",
       "train", "rails drawing away into the distance", "fields", "city", figure="train", mood=(-0.05, 0.2)),
    _m("fly flying wing plane airplane soar | fliegen flugel flugzeug schweben | volar vuelo ala avion | "
       "voler envol aile avion | 飛 飞 翼 летать крылья 날개",
       "flight", "wide open air", "mountains", "sea", figure="bird", mood=(0.35, 0.35)),
    _m("bird raven crow dove swallow eagle seagull | vogel rabe krahe taube schwalbe adler mowe | pajaro ave "
       "cuervo paloma golondrina aguila | oiseau corbeau colombe hirondelle aigle | 鳥 птица 새 طير",
       "bird", "birds wheeling overhead", "fields", "sea", figure="bird", mood=(0.15, 0.1)),
    _m("balloon kite carnival circus | ballon luftballon drachen zirkus | globo cometa circo | ballon "
       "montgolfiere cirque | 気球",
       "balloon", "a bright balloon rising", "fields", "mountains", figure="balloon", mood=(0.5, 0.2)),
    _m("mountain hill climb peak valley summit cliff | berg hugel klettern gipfel tal klippe | montana "
       "colina cumbre valle monte escalar | montagne colline sommet vallee falaise | 山 гора 산 جبل",
       "mountain", "ridge behind ridge", "mountains", mood=(0.1, 0.1)),
    _m("forest wood tree leaf leaves branch root pine | wald baum blatt blatter ast wurzel | bosque arbol "
       "hoja rama raiz selva | foret arbre feuille branche racine bois | 森 木 лес дерево 숲 나무 شجرة",
       "forest", "tall trunks in slanting light", "forest", figure="tree", mood=(0.05, -0.2)),
    _m("flower rose garden bloom blossom spring petal | blume rose garten bluhen fruhling blute | flor rosa "
       "jardin primavera petalo | fleur jardin printemps petale | 花 春 桜 цветок весна 꽃 봄 زهرة",
       "flowers", "wild flowers in bloom", "fields", mood=(0.5, 0.0)),
    _m("field meadow grass farm harvest wheat country | feld wiese gras ernte weizen bauernhof | campo "
       "pradera hierba cosecha trigo | champ prairie herbe ble moisson campagne | 野 поле 들판",
       "fields", "wheat swaying to the skyline", "fields", mood=(0.3, -0.1)),
    _m("autumn october november | herbst oktober november | otono octubre noviembre | automne octobre "
       "novembre | 秋 осень 가을",
       "autumn", "rust-coloured leaves", "forest", "fields", mood=(-0.15, -0.2)),
    _m("desert dune dust cactus canyon | wuste dune staub kaktus | desierto duna polvo cactus | desert dune "
       "poussiere | 砂漠 пустыня 사막 صحراء",
       "desert", "wind-carved dunes", "desert", mood=(-0.1, 0.0)),
    _m("fire flame burn burning ember ash spark blaze | feuer flamme brennen brennt glut asche funke | fuego "
       "llama arder quemar ceniza chispa incendio | feu flamme bruler braise cendre etincelle | 火 炎 огонь "
       "пламя 불 نار",
       "fire", "glowing embers rising/a bonfire throwing sparks/a thin line of flame", "desert", "abstract",
       mood=(-0.05, 0.6)),
    _m("light shine glow bright shimmer | licht scheinen leuchten hell | luz brillar brillo | lumiere "
       "briller lueur | 光 свет 빛 نور",
       "light", "a single warm glow/beams breaking through a gap/a lantern held high", mood=(0.35, 0.1)),
    _m("shadow ghost haunted phantom | schatten geist gespenst | sombra fantasma espectro | ombre fantome "
       "spectre | 影 тень призрак 그림자",
       "shadow", "long pale shadows", "forest", "street", weather="fog", mood=(-0.35, 0.0)),
    _m("home house door roof porch | heim haus tur zuhause heimat | casa hogar puerta techo | maison foyer "
       "porte toit | 家 дом 집 بيت",
       "home", "one lit window", "fields", "mountains", figure="house", mood=(0.2, -0.3)),
    _m("room window wall bed floor mirror | zimmer fenster wand bett spiegel boden | cuarto habitacion "
       "ventana pared cama espejo | chambre fenetre mur lit miroir | 窓 鏡 окно зеркало 창문",
       "window", "a rain-streaked window pane", "street", "city", mood=(-0.1, -0.3)),
    _m("love lover kiss heart arms embrace darling | liebe kuss herz umarmung liebling | amor beso corazon "
       "abrazo carino amante | amour baiser coeur bras cherie | 愛 爱 恋 心 любовь сердце 사랑 حب قلب",
       "love", "two shadows touching/a heart of warm light/two cups left side by side", figure="couple",
       mood=(0.4, 0.1)),
    _m("alone lonely lonesome nobody empty goodbye | allein einsam niemand leer abschied | solitario soledad "
       "nadie vacio adios hueco | seul solitude personne vide adieu | 孤独 寂 один одиночество 외로",
       "alone", "a vast emptiness all around/an empty bench/one chair facing nothing", figure="walker",
       mood=(-0.5, -0.4)),
    _m("dance dancing dancer sway | tanz tanzen tanzer | bailar baile danza | danse danser | 踊 танец 춤 رقص",
       "dance", "a figure caught mid-turn", "city", "abstract", figure="dancer", mood=(0.5, 0.6)),
    _m("run running chase escape hurry | rennen laufen flucht jagd | correr huir escapar | courir fuir | 走 "
       "бежать 달려",
       "run", "streaks of motion", "street", "city", figure="walker", mood=(0.0, 0.6)),
    _m("walk walking wander step footstep stroll | gehen wandern schritt spazieren | caminar andar paso | "
       "marcher promener pas | 歩 идти 걸어",
       "walk", "a path leading on", "street", "fields", figure="walker", mood=(0.0, 0.0)),
    _m("dream dreaming sleep asleep lullaby | traum traumen schlaf schlafen | sueno sonar dormir | reve "
       "rever sommeil dormir | 夢 梦 сон мечта 꿈 حلم",
       "dream", "soft shapes that float free/a staircase leading into clouds/feathers hanging weightless",
       "abstract", "space", mood=(0.2, -0.4)),
    _m("tear cry crying weep sorrow pain hurt broken | trane weinen schmerz leid zerbrochen | lagrima llorar "
       "dolor llanto roto | larme pleurer douleur chagrin brise | 涙 泪 слезы боль 눈물 دمع",
       "tears", "drops of water on glass/a wilted flower/a blurred reflection", weather="rain", mood=(-0.6, -0.2)),
    _m("time clock hour yesterday memory remember forever | zeit uhr stunde gestern erinnerung ewig | tiempo "
       "reloj hora ayer recuerdo recordar siempre | temps horloge heure hier souvenir toujours | 時 时间 время "
       "память 시간 기억",
       "time", "dust turning in a beam of light/an old pocket watch/faded photographs stirred by a draught",
       mood=(-0.05, -0.2)),
    _m("angel heaven halo pray prayer church holy | engel gebet beten kirche heilig | angel rezar iglesia "
       "santo | ange priere prier eglise saint | 天使 ангел 천사",
       "angel", "rays breaking through clouds", "mountains", mood=(0.3, 0.0)),
    _m("war fight blood battle gun soldier bullet | krieg kampf blut schlacht soldat | guerra lucha sangre "
       "batalla soldado | guerre combat sang bataille soldat | 戦 война бой 전쟁 حرب",
       "war", "smoke over a scarred horizon", "desert", "city", weather="storm", mood=(-0.6, 0.7)),
    _m("gold golden diamond jewel silver crown king queen | gold golden diamant silber krone konig konigin | "
       "oro dorado diamante plata corona rey reina | or dore diamant argent couronne roi reine | 金 золото 황금",
       "gold", "glints of gold", "abstract", "desert", mood=(0.4, 0.3)),
    _m("drink wine whiskey bar bottle drunk | trinken wein flasche kneipe betrunken | beber vino botella "
       "borracho copa | boire vin bouteille ivre bistrot | 酒 вино 술",
       "bar", "warm bar lights behind misted glass", "street", hour="night", mood=(-0.05, 0.2)),
    _m("song sing radio guitar music melody drum | lied singen radio gitarre musik | cancion cantar radio "
       "guitarra musica | chanson chanter radio guitare musique | 歌 песня музыка 노래 أغنية",
       "song", "rings of light spreading like sound", "abstract", mood=(0.35, 0.3)),
    _m("robot machine cyber digital computer machinery | roboter maschine digital computer | robot maquina "
       "digital ordenador | robot machine numerique ordinateur | 機械 робот 로봇",
       "machine", "grids of small cold lights", "city", "abstract", mood=(-0.1, 0.4)),
    _m("dragon castle kingdom magic wizard fairy knight | drache schloss zauber magie ritter fee | dragon "
       "castillo magia reino hada | dragon chateau magie royaume fee chevalier | 龍 魔法 дракон замок",
       "legend", "ancient towers on a far ridge", "mountains", "forest", mood=(0.15, 0.3)),
)  # fmt: skip

_COMMON = {
    "en": "the and you i to my me is of in it that your on we be for with this so all not what when dont im are can",
    "de": "und ich du die der das nicht ist ein mich dich wir mir dir es den mit auf wie so auch noch wenn nur durch",
    "es": "que de no la el y en mi tu te me un se por los con lo para es las como una yo del sin si al su",
    "fr": "je de et tu la le les que est pas un moi une dans me en des toi ne qui mon ma ton sur on nous pour il",
}  # fmt: skip

_STOPS = {tongue: frozenset(words.split()) for tongue, words in _COMMON.items()}
_MOTIFS = {motif.name: motif for motif, _ in _ENTRIES}


def _index() -> tuple[dict[str, dict[str, Motif]], dict[str, Motif]]:
    words: dict[str, dict[str, Motif]] = {tongue: {} for tongue in TONGUES}
    signs: dict[str, Motif] = {}
    for motif, columns in _ENTRIES:
        *spoken, other = columns.split("|")
        for tongue, column in zip(TONGUES, spoken, strict=True):
            words[tongue].update(dict.fromkeys(column.split(), motif))
        signs.update({sign.casefold(): motif for sign in other.split()})
    return words, signs


_WORDS, _SIGNS = _index()
_ENDINGS = ("en", "es", "er", "ing", "n", "s", "x", "e")  # of plurals and verbs, longest first where it matters
_FOREIGN = re.compile(r"[^\x00-\u024f\s]")  # letters of other scripts than the Latin one


def find_tongues(text: str) -> tuple[str, ...]:
    """Return the languages that a text is written in, as far as its small words tell; all of them where they do not."""
    said = Counter(plain(text).split())
    heard = {tongue: sum(said[word] for word in stops) for tongue, stops in _STOPS.items()}
    most = max(heard.values())
    return tuple(tongue for tongue in TONGUES if heard[tongue] >= 0.6 * most) if most > 1 else TONGUES


def find_motifs(text: str, tongues: Iterable[str] = TONGUES) -> list[Motif]:
    """Return what a text makes one see, most often named first, then in the order it is named."""
    bare = plain(text)
    found: Counter[str] = Counter()
    for word in bare.split():
        motif = next((m for tongue in tongues if (m := _look_up(word, _WORDS[tongue]))), None)
        if motif:
            found[motif.name] += 1
    if _FOREIGN.search(text):
        for sign, motif in _SIGNS.items():
            found[motif.name] += text.casefold().count(sign)
    return [_MOTIFS[name] for name, count in found.most_common() if count]


def _look_up(word: str, words: dict[str, Motif]) -> Motif | None:
    if word in words:
        return words[word]
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return next((words[stem] for stem in stems if len(stem) >= 3 and stem in words), None)
