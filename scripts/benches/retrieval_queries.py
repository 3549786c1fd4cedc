"""What the retrieval bench asks for, written before any frame was looked at or any figure seen.

A query counts as a hit when one of its clips is among the first three. Which clips those are
follows from what the sources of the clips say about them (data set and class), never from looking:
a clip of another set may well show the same and still counts as a miss. Clips are named by group.
"""

from typing import Final

WALKWAY: Final = "ped2"
FIGHT: Final = "fight_surv:fighting"
FALL: Final = "up_fall:fall"
ROOM: Final = "up_fall"
FIRE: Final = "furg_fire"
CARS: Final = "normal"
ACCIDENT: Final = ("ucf_crime", "holmesvau_examples:car_accident")
EARTHQUAKE: Final = "holmesvau_examples:earthquake"
ROBBERY: Final = "holmesvau_examples:robbery"
STREET: Final = "vtest"

QUERIES: Final[dict[str, tuple[str, ...]]] = {
    "flames and smoke": (FIRE,),
    "something is burning": (FIRE,),
    "a blaze that grows": (FIRE,),
    "cars driving past": (CARS, *ACCIDENT),
    "a car crash": ACCIDENT,
    "two vehicles collide": ACCIDENT,
    "traffic": (CARS, *ACCIDENT),
    "vehicles in a street": (CARS, *ACCIDENT),
    "a road accident": ACCIDENT,
    "people fighting": (FIGHT,),
    "two men punching each other": (FIGHT,),
    "a brawl": (FIGHT,),
    "someone is being beaten": (FIGHT,),
    "a person kicking another person": (FIGHT,),
    "a man falling to the floor": (FALL,),
    "somebody lying on the ground": (FALL,),
    "a person collapses": (FALL,),
    "a person alone in a room": (ROOM,),
    "someone in a laboratory": (ROOM,),
    "pedestrians on a walkway": (WALKWAY, STREET),
    "people walking outside": (WALKWAY, STREET),
    "a cyclist among pedestrians": (WALKWAY,),
    "a bicycle": (WALKWAY,),
    "a group of people walking": (WALKWAY, STREET),
    "students crossing a campus": (WALKWAY,),
    "an earthquake shaking a building": (EARTHQUAKE,),
    "everything trembles and things fall over": (EARTHQUAKE,),
    "a robbery": (ROBBERY,),
    "a burglar breaking in": (ROBBERY,),
    "a thief taking things that are not his": (ROBBERY,),
}
"""Query -> groups of clips that count; `set` is every clip of a set, `set:label` those of a class.

`vtest` is OpenCV's `vtest.avi`, a pedestrian street.
"""

ABSURD: Final[tuple[str, ...]] = (
    "a purple submarine in the desert",
    "a penguin playing the piano",
    "an astronaut riding a horse on the moon",
    "a whale inside a library",
    "a wedding cake under the sea",
    "knights jousting on dinosaurs",
    "a polar bear asleep in a volcano",
    "a giraffe on an ice rink",
    "an orchestra of robots on a cloud",
    "a sailing ship in a teacup",
)
"""Nothing here shows any of these: each should bring 'no strong match'."""
