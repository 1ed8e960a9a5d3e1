"""What a work is: the calls of a gRPC contestant, and the same as SQL for pgbench or psql."""

import dataclasses


@dataclasses.dataclass
class Work:
    name: str
    what: str
    methods: list
    # (Contract, random.Random) -> [(index into methods, bytes)]
    requests: object
    answer: str = None  # the message that answers the first request
    made: tuple = ()  # its fields, at any depth, that are made anew for each call
    scripts: list = None  # [(weight, script)] for pgbench
    copy: str = None  # psql's command for stream and import
    writes: bool = False
    before: str = None  # SQL before each measurement
    objects: tuple = None  # SQL that creates what only this work needs, and that drops it
    mode: str = "unary"
    levels: tuple = (1, 64)
    quick_levels: tuple = (64,)
    slow: bool = False  # a measurement has few calls
    only: tuple = None  # the contestants that have it; None: all


def message(contract, kind, /, **fields):
    made = contract.message(f"bench.v1.{kind}")()
    for key, value in fields.items():
        if isinstance(value, list):
            getattr(made, key).extend(value)
        elif hasattr(value, "SerializeToString"):
            getattr(made, key).CopyFrom(value)
        else:
            setattr(made, key, value)
    return made


def several(make, count):
    return lambda contract, rng: [make(contract, rng) for _ in range(count)]


def without(answer, fields):
    """Clears `fields` in a message, at any depth."""
    for descriptor, value in answer.ListFields():
        if descriptor.name in fields:
            answer.ClearField(descriptor.name)
        elif descriptor.message_type:
            for part in value if descriptor.label == descriptor.LABEL_REPEATED else [value]:
                without(part, fields)
    return answer
