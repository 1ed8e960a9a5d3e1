"""A strange schema: names that other languages keep for themselves, names that collide, keys in circles, and functions by the
hundreds. Each function answers its own number and what it was called with, so that one can tell which one was called."""

# Words of C++, Python, Go, Java, TypeScript and protobuf, and names that generated code has itself.
WORDS = """
alignas and asm auto bool break case catch char class concept const constexpr continue co_await decltype default delete do double
dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not
nullptr operator or private protected public register requires return short signed sizeof static struct switch template this throw
true try typedef typeid typename union unsigned using virtual void volatile while xor NULL errno assert stdin linux unix
None True False as async await def del elif except finally from global import in is lambda nonlocal pass raise with yield self cls
print type str list dict object property len id
chan defer fallthrough func go interface map package range select var nil iota error string append make any
abstract boolean byte extends final implements instanceof native strictfp super synchronized throws transient Object String
Integer hashCode equals toString getClass notify wait clone finalize record sealed permits
arguments debugger declare function keyof module never number of readonly require symbol undefined unknown constructor prototype
__proto__ toJSON toBinary fromJson name length valueOf
message service rpc returns stream optional repeated oneof reserved extensions syntax option group extend descriptor
DESCRIPTOR Clear Copy_From SerializeToString ByteSize GetTypeName Swap Reset ProtoMessage getDefaultInstance parser newBuilder
etag read_mask filter order_by page_token request_id validate_only show_deleted Message Builder Status
""".split()

LONG = "x" * 63
SIGNS = 'a "b"; DROP TABLE c; --'


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


# Tables with a key `id`: their names, and columns with their types, of which each row has the default.
TABLES = {
    **{word: "" for word in """class namespace def func interface package import None message object string map type Rows rows_proto
                               types expand functions timestamp empty""".split()},
    # What requests, responses and aggregates of "order" would be called.
    "order": "amount int DEFAULT 7", "orders": "", "create_order_request": "orders int DEFAULT 1", "order_aggregate": "",
    "order_sum": "", "list_orders_response": "", "order_service": "", "function_service": "", "function_service_client": "",
    "batch_get_orders_request": "", "rows": "rows int DEFAULT 2",
    LONG: f"{quoted('y' * 63)} int DEFAULT 3", "ẞtraße": '"größe" int DEFAULT 4', "表": '"列" int DEFAULT 5',
    SIGNS: f"{quoted(SIGNS)} int DEFAULT 6",
    "doubled": "n int DEFAULT 21, twice int GENERATED ALWAYS AS (n * 2) STORED",
}

# Foreign keys of one column: the table, the column, and the table that it refers to.
KEYS = [
    ("class", "class_id", "class"), ("class", "def_id", "def"), ("class", "func_id", "func"), ("class", "import_id", "import"),
    ("class", "None_id", "None"), ("class", "message_id", "message"), ("class", "descriptor_id", "map"),
    ("class", "this_id", "type"), ("class", "etag_id", "object"), ("class", "string_id", "string"),
    # In circles, and of a table to itself twice.
    ("def", "next_id", "func"), ("func", "next_id", "interface"), ("interface", "next_id", "def"),
    ("package", "next_id", "import"), ("import", "next_id", "package"),
    ("object", "parent_id", "object"), ("object", "other_id", "object"),
    # Several between two tables, in both directions.
    ("order", "from_id", "map"), ("order", "to_id", "map"), ("map", "order_id", "order"), ("map", "first_order", "order"),
    ("rows", "Rows_id", "Rows"), ("create_order_request", "order_id", "order"), ("order_aggregate", "order_id", "order"),
    (LONG, "z" * 60 + "_id", LONG), ("ẞtraße", "表_id", "表"), ("表", "ẞtraße", "ẞtraße"), (SIGNS, 'of "it"', SIGNS),
    ("doubled", "orders_id", "orders"),
]

SCHEMAS = r"""
CREATE SCHEMA strange;
CREATE SCHEMA twisted;
SET search_path = strange;
CREATE TYPE mood AS ENUM ({labels});
CREATE TABLE words (id int PRIMARY KEY, mood mood, {columns});
INSERT INTO words (id, mood) VALUES (1, 'None'), (2, 'class');
-- A column and a relation that would have one name, on either side.
CREATE TABLE buyer (id int PRIMARY KEY, invoices text DEFAULT 'a column', has_invoices bool DEFAULT true, clear_guest text);
CREATE TABLE invoice (id int PRIMARY KEY, customer text DEFAULT 'a column', customer_id int REFERENCES buyer,
                      guest_id int REFERENCES buyer);
INSERT INTO buyer VALUES (1), (2);
INSERT INTO invoice VALUES (1, DEFAULT, 1, 2), (2, DEFAULT, 1, NULL);
CREATE TABLE measured (day date, id int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE measured_old PARTITION OF measured FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE measured_new PARTITION OF measured FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE TABLE sample (id int PRIMARY KEY, measured_day date, measured_id int,
                     FOREIGN KEY (measured_day, measured_id) REFERENCES measured);
INSERT INTO measured VALUES ('2019-05-05', 1), ('2021-05-05', 1);
INSERT INTO sample VALUES (1, '2019-05-05', 1), (2, '2021-05-05', 1), (3, '2021-05-05', NULL);
-- Each schema refers to the other: their files cannot.
CREATE TABLE left_hand (id int PRIMARY KEY, right_hand_id int);
CREATE TABLE twisted.right_hand (id int PRIMARY KEY, left_hand_id int CONSTRAINT back_again REFERENCES left_hand);
ALTER TABLE left_hand ADD CONSTRAINT there FOREIGN KEY (right_hand_id) REFERENCES twisted.right_hand;
INSERT INTO left_hand VALUES (1, NULL);
INSERT INTO twisted.right_hand VALUES (1, 1);
CREATE TABLE deleted (id int PRIMARY KEY, note text, deleted_at timestamptz);
COMMENT ON TABLE deleted IS '@protogres soft_delete=deleted_at';
CREATE VIEW seen AS SELECT id, guest_id AS "class" FROM invoice;
COMMENT ON VIEW seen IS '@protogres references=buyer(id) column=class
@protogres references=strange."{signs}"(id) column=id name=None reverse_name=def';
-- What cannot be served.
CREATE TABLE inherited (id int PRIMARY KEY);
CREATE TABLE heir () INHERITS (inherited);
CREATE TABLE of_inherited (id int PRIMARY KEY, inherited_id int CONSTRAINT of_many REFERENCES inherited);
CREATE TABLE hidden_key (id int PRIMARY KEY, buyer_id int CONSTRAINT by_hidden REFERENCES buyer);
COMMENT ON COLUMN hidden_key.buyer_id IS '@protogres omit';
CREATE FUNCTION left_out_record() RETURNS record STABLE LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION left_out_any(anyelement) RETURNS text STABLE LANGUAGE sql AS $$SELECT 'x'$$;
CREATE FUNCTION left_out_internal(internal) RETURNS text STABLE LANGUAGE internal AS 'textin';
CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- Results of each kind.
CREATE FUNCTION first_buyer() RETURNS buyer STABLE LANGUAGE sql AS 'SELECT * FROM strange.buyer ORDER BY id LIMIT 1';
CREATE FUNCTION all_buyers() RETURNS SETOF buyer STABLE LANGUAGE sql AS 'SELECT * FROM strange.buyer';
CREATE FUNCTION two("class" int, OUT "def" int, OUT "None" text) STABLE LANGUAGE sql AS $$SELECT $1 + 1, 'n'$$;
CREATE FUNCTION tabled("n" int) RETURNS TABLE ("yield" int, "import" mood) STABLE LANGUAGE sql
  AS $$SELECT g, 'class'::strange.mood FROM generate_series(1, n) g$$;
CREATE PROCEDURE proceed(INOUT "for" int) LANGUAGE plpgsql AS $$BEGIN "for" := "for" * 2; END$$;
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS 'SELECT 1';
"""


class Functions:
    """Makes functions that say which one they are: f7(1, 'a') answers "7:1,a"."""

    def __init__(self):
        self.sql = []

    def add(self, name, arguments, tail="STABLE"):
        count = len(self.sql)
        values = "".join(f", ${i + 1}" for i in range(len(arguments)))
        body = f"SELECT {count} || ':' || concat_ws(','{values})"
        if any("VARIADIC" in argument for argument in arguments):
            values = "".join(f", ${i + 1}" for i in range(len(arguments) - 1))
            body = f"SELECT {count} || ':' || concat_ws(','{values}, array_to_string(${len(arguments)}, ','))"
        self.sql.append(f"CREATE FUNCTION strange.{quoted(name)}({', '.join(arguments)}) RETURNS text {tail} LANGUAGE sql "
                        f"AS {literal(body)};")


def functions():
    made = Functions()
    for i, word in enumerate(WORDS):
        made.add(word, [f"{quoted(word)} int", f"{quoted(WORDS[i - 1])} text"], "VOLATILE" if i % 3 == 0 else "STABLE")
    for name in ("over", "Over", "get_order", "list_orders", "class_"):
        for types in (["int"], ["text"], ["int", "int"], ["text", "text"], ["int", "text"], ["bigint"], ["strange.mood"]):
            made.add(name, types)
    for i in range(20):
        made.add(f"defaults_{i}", [f"a{j} int DEFAULT {j}" for j in range(i + 1)])
        made.add(f"variadic_{i}", [*(f"a{j} int" for j in range(i)), "VARIADIC rest int[]"])
    for name in (LONG, "ẞtraße", "表", SIGNS, "1st", " ", "$", "a.b", "Stub", "New", "transfer_request", "transfer"):
        made.add(name, [f"{quoted(name)} int", "filter text"])
    return made.sql


def sql():
    labels = ", ".join(literal(word) for word in dict.fromkeys([*WORDS, "", " ", "a-b", "1", "ẞ"]))
    columns = ", ".join(f"{quoted(word)} text DEFAULT {literal(word)}" for word in WORDS if word != "id")
    lines = [SCHEMAS.replace("{labels}", labels).replace("{columns}", columns).replace("{signs}", SIGNS.replace('"', '""'))]
    # The view before refers to one of these tables; COMMENTs are read at the start only.
    for name, more in TABLES.items():
        lines.append(f"CREATE TABLE {quoted(name)} (id int PRIMARY KEY{', ' + more if more else ''});")
        lines.append(f"INSERT INTO {quoted(name)} (id) VALUES (1), (2), (3);")
    for table, column, target in KEYS:
        lines.append(f"ALTER TABLE {quoted(table)} ADD {quoted(column)} int REFERENCES {quoted(target)};")
        lines.append(f"UPDATE {quoted(table)} SET {quoted(column)} = id % 2 + 1 WHERE id < 3;")
    return "\n".join([*lines, *functions()])
