"""A schema of small tables with NULL keys, and the SQL that paths through its relations stand for."""

import random
import re

SQL = r"""
CREATE TYPE state AS ENUM ('open', 'paid', 'late');
CREATE TYPE place AS (city text, zip int);
CREATE DOMAIN cents AS bigint;
CREATE TABLE customer (
  id bigint PRIMARY KEY, country text, balance numeric(8, 2), vip bool, state state, home place, tags text[], attrs jsonb,
  seen timestamptz, during tstzrange, debt cents, ref uuid, code char(4), referrer_id bigint REFERENCES customer,
  deleted_at timestamptz);
CREATE TABLE category (id int PRIMARY KEY, name text, parent_id int REFERENCES category);
CREATE TABLE product (id int PRIMARY KEY, name text, category_id int REFERENCES category);
CREATE TABLE orders (
  id bigint PRIMARY KEY, status text, placed timestamptz, customer_id bigint REFERENCES customer,
  payer_id bigint REFERENCES customer, hidden boolean);
COMMENT ON TABLE orders IS '@protogres soft_delete=hidden';
CREATE TABLE order_item (
  order_id bigint REFERENCES orders, line_no int, product_id int REFERENCES product, note text,
  PRIMARY KEY (order_id, line_no));
CREATE TABLE remark (
  id int PRIMARY KEY, order_id bigint, line_no int, text text, FOREIGN KEY (order_id, line_no) REFERENCES order_item);
CREATE TABLE passport (customer_id bigint PRIMARY KEY REFERENCES customer, number text);
"""

# By table: relation -> (the other table, (own column, its column)..., to many).
RELATIONS = {
    "customer": {"referrer": ("customer", [("referrer_id", "id")], False),
                 "customers": ("customer", [("id", "referrer_id")], True),
                 "orders_by_customer_id": ("orders", [("id", "customer_id")], True),
                 "orders_by_payer_id": ("orders", [("id", "payer_id")], True),
                 "passport": ("passport", [("id", "customer_id")], False)},
    "category": {"parent": ("category", [("parent_id", "id")], False),
                 "categories": ("category", [("id", "parent_id")], True),
                 "products": ("product", [("id", "category_id")], True)},
    "product": {"category": ("category", [("category_id", "id")], False),
                "order_items": ("order_item", [("id", "product_id")], True)},
    "orders": {"customer": ("customer", [("customer_id", "id")], False),
               "payer": ("customer", [("payer_id", "id")], False),
               "order_items": ("order_item", [("id", "order_id")], True)},
    "order_item": {"order": ("orders", [("order_id", "id")], False),
                   "product": ("product", [("product_id", "id")], False),
                   "remarks": ("remark", [("order_id", "order_id"), ("line_no", "line_no")], True)},
    "remark": {"order_item": ("order_item", [("order_id", "order_id"), ("line_no", "line_no")], False)},
    "passport": {"customer": ("customer", [("customer_id", "id")], False)},
}
LIVE = {"customer": "{}.deleted_at IS NULL", "orders": "{}.hidden IS NOT TRUE"}
PLURAL = {"customer": "Customers", "category": "Categories", "product": "Products", "orders": "Orders",
          "order_item": "OrderItems", "remark": "Remarks", "passport": "Passports"}
KEY = {"order_item": ["order_id", "line_no"], "passport": ["customer_id"]}


def key_of(table):
    return KEY.get(table, ["id"])


TEXTS = ["'a'", "'ab'", "'B'", "'c*'", "'ç'", "''"]
TAGS = ["'{}'", "'{a}'", "'{a,b}'", "'{b,NULL}'"]
ATTRS = ["'" + text + "'" for text in ('{"color": "red", "n": 1}', '{"color": null}', '{"n": "x"}', '[1, "k"]')]
HOMES = ["ROW('Bern', 3000)::place", "ROW(NULL, 1)::place", "ROW(NULL, NULL)::place"]
TIMES = ["'2024-01-15T10:00Z'", "'2024-02-01T00:00Z'", "'2024-03-09T00:00Z'"]


def rows_sql(dice, size=14):
    """INSERTs of random rows: each value, and each key, is NULL now and then."""
    def some(values, null=0.25):
        return "NULL" if dice.random() < null else str(dice.choice(list(values)))

    def insert(table, *values):
        statements.append(f"INSERT INTO {table} VALUES ({', '.join(str(value) for value in values)})")

    statements, ids = [], range(1, size + 1)
    for n in ids:
        before = some(range(1, n)) if n > 1 else "NULL"
        insert("customer", n, some(TEXTS), some(["0", "1.5", "-2", "10"]), some(["true", "false"]),
               some(["'open'", "'paid'", "'late'"]), some(HOMES), some(TAGS), some(ATTRS), some(TIMES),
               some(["'[2024-01-01,2024-02-01)'", "'empty'"]), some([1, 2]),
               some(["'123e4567-e89b-12d3-a456-426614174000'"]), some(["'ab'", "'b'"]), before, some(["now()"], 0.8))
        insert("category", n, some(TEXTS), before)
    for n in ids:
        insert("product", n, some(TEXTS), some(ids))
    for n in range(1, 2 * size):
        insert("orders", n, some(TEXTS), some(TIMES), some(ids), some(ids), some(["true", "false"], 0.6))
        for line in range(dice.choice([0, 0, 1, 2, 3])):
            insert("order_item", n, line, some(ids), some(TEXTS))
    statements.append("""INSERT INTO remark SELECT row_number() OVER (), order_id, line_no, CASE WHEN line_no = 1 THEN 'a' END
        FROM order_item WHERE order_id % 2 = 0 UNION ALL SELECT 1000, NULL, 1, 'b' UNION ALL SELECT 1001, 1, NULL, 'b'""")
    for n in ids:
        if n % 3:
            insert("passport", n, some(TEXTS))
    return ";\n".join(statements)


def joined(table, relation, alias, other, show_deleted):
    """(the other table, the condition that its row `other` belongs to the row `alias`)"""
    target, columns, _ = RELATIONS[table][relation]
    conditions = [f"{other}.{theirs} = {alias}.{own}" for own, theirs in columns]
    if target in LIVE and not show_deleted:
        conditions.append(LIVE[target].format(other))
    return target, " AND ".join(conditions)


def value_sql(table, path, alias="t", show_deleted=False):
    """The value of a path through relations to one: NULL where there is no row."""
    relation, _, rest = path.partition(".")
    if relation not in RELATIONS[table]:
        return f"({alias}.{relation})" + "".join(f".{name}" for name in filter(None, rest.split(".")))
    other = alias + "x"
    target, condition = joined(table, relation, alias, other, show_deleted)
    return f"(SELECT {value_sql(target, rest, other, show_deleted)} FROM {target} {other} WHERE {condition})"


def has_sql(table, path, condition, alias="t", show_deleted=False):
    """Whether a row that the path leads to meets the condition, which is a function of the SQL of the path's end."""
    relation, _, rest = path.partition(".")
    if relation not in RELATIONS[table]:
        return condition(value_sql(table, path, alias)) if path else "true"
    other = alias + "x"
    target, belongs = joined(table, relation, alias, other, show_deleted)
    return (f"EXISTS (SELECT 1 FROM {target} {other} WHERE {belongs} AND "
            f"{has_sql(target, rest, condition, other, show_deleted)})")


# What a filter says of a column, and what that is in SQL, where x is the column.
ONE = {
    "customer": [
        ('country = "a"', "x = 'a'"), ('country != "a"', "x <> 'a'"), ('country = null', "x IS NULL"),
        ('country != null', "x IS NOT NULL"), ('country:*', "x IS NOT NULL"), ('country = "a*"', "x LIKE 'a%'"),
        ('country != "a*"', "x NOT LIKE 'a%'"), ('country = ["a", "B"]', "x IN ('a', 'B')"),
        ('country != ["a", "B"]', "x NOT IN ('a', 'B')"), ('country = ["a", null]', "(x = 'a' OR x IS NULL)"),
        ('country != ["a", null]', "(x <> 'a' AND x IS NOT NULL)"), ('country = ["a", "c\\*"]', "x IN ('a', 'c*')"),
        ('country = []', "false"), ('country != []', "true"), ('country >= "b"', "x >= 'b'"),
        ('balance > 1', "x > 1"), ('balance = 1.50', "x = 1.5"), ('vip = true', "x"), ('state = paid', "x = 'paid'"),
        ('state != STATE_PAID', "x <> 'paid'"), ('state < late', "x < 'late'"), ('home.city = Bern', "(x).city = 'Bern'"),
        ('home.city = null', "(x).city IS NULL"), ('home:zip', "(x).zip IS NOT NULL"), ('home = null', "x IS NOT DISTINCT FROM NULL"),
        ('tags:a', "coalesce('a' = ANY(x::text[]), false)"), ('tags:[a, b]', "coalesce(x && '{a,b}', false)"),
        ('tags:"*"', "EXISTS (SELECT 1 FROM unnest(x) e WHERE e LIKE '%')"), ('tags:*', "coalesce(cardinality(x) > 0, false)"),
        ('tags = null', "x IS NULL"), ('tags:"a*"', "EXISTS (SELECT 1 FROM unnest(x) e WHERE e LIKE 'a%')"),
        ('attrs.color = "red"', "(x ->> 'color') = 'red'"), ('attrs.color != red', "(x ->> 'color') <> 'red'"),
        ('attrs.color = null', "(x ->> 'color') IS NULL"), ('attrs.n = 1', "NULLIF(x -> 'n', 'null') = '1'"),
        ('attrs:color', "coalesce(x ? 'color', false)"), ('attrs.n > 0', "CASE WHEN jsonb_typeof(x -> 'n') = 'number' THEN (x ->> 'n')::numeric > 0 END"),
        ('seen > "2024-01-20"', "x > '2024-01-20Z'"), ('debt = 1', "x = 1"), ('code = ab', "x = 'ab'"),
        ('ref = 123e4567e89b12d3a456426614174000', "x = '123e4567e89b12d3a456426614174000'"),
        ('country = a OR {path}country = B', "x IN ('a', 'B')"),
    ],
    "category": [('name = "a"', "x = 'a'"), ('name != "a"', "x <> 'a'"), ('name = null', "x IS NULL")],
    "product": [('name = "a*"', "x LIKE 'a%'"), ('name != [a, B]', "x NOT IN ('a', 'B')")],
    "orders": [('status = "a"', "x = 'a'"), ('placed < "2024-02-01"', "x < '2024-02-01Z'"), ('status = null', "x IS NULL")],
    "order_item": [('note != "a"', "x <> 'a'"), ('line_no > 0', "x > 0")],
    "passport": [('number = "a"', "x = 'a'"), ('number = null', "x IS NULL")],
}
CALLS = {
    "customer": [('ilike({}country, "A%")', "country", "x ILIKE 'A%'"), ('matches({}country, "^a")', "country", "x ~ '^a'"),
                 ('contains({}tags, [a, b])', "tags", "coalesce(x @> '{a,b}', false)"),
                 ('within({}tags, [a, b])', "tags", "coalesce(x <@ '{a,b}', false)"),
                 ('overlaps({}tags, ["a*", c])', "tags", "EXISTS (SELECT 1 FROM unnest(x) e WHERE e LIKE 'a%' OR e = 'c')"),
                 ('contains({}during, 2024-01-15)', "during", "x @> timestamptz '2024-01-15Z'"),
                 ('overlaps({}during, "[2024-01-31,)")', "during", "x && '[2024-01-31,)'"),
                 ("contains({}attrs, '{{\"n\": 1}}')", "attrs", "coalesce(x @> '{\"n\": 1}', false)"),
                 ('contains({}attrs, [color])', "attrs", "coalesce(x ?& '{color}', false)"),
                 ('search({}country, a, "simple")', "country", "to_tsvector('simple', x) @@ websearch_to_tsquery('simple', 'a')")],
    "category": [('like({}name, "a_")', "name", "x LIKE 'a_'")],
    "product": [('imatches({}name, "^b")', "name", "x ~* '^b'")],
}
HAS = {
    "customer": [('country:a', "x = 'a'"), ('country:"a*"', "x LIKE 'a%'"), ('tags:a', "coalesce('a' = ANY(x::text[]), false)"),
                 ('country:*', "x IS NOT NULL"), ('state:[open, late]', "x IN ('open', 'late')")],
    "category": [('name:a', "x = 'a'"), ('parent_id:*', "x IS NOT NULL"), ('id:[1, 2, 3]', "x IN (1, 2, 3)")],
    "product": [('name:"*b"', "x LIKE '%b'"), ('category_id:3', "x = 3")],
    "orders": [('status:[a, B]', "x IN ('a', 'B')"), ('id:[]', "false")],
    "order_item": [('product_id:2', "x = 2"), ('note:*', "x IS NOT NULL"), ('line_no:0', "x = 0"),
                   ('product_id:2 OR {path}product_id:5', "x IN (2, 5)")],
    "remark": [('text:a', "x = 'a'")], "passport": [('number:a', "x = 'a'")],
}


def random_path(dice, table, many, depth):
    """(path with its last dot, the table that it leads to, whether it goes through a relation to many)"""
    path, through = "", False
    for _ in range(dice.randint(0, depth)):
        names = [name for name, (_, _, to_many) in RELATIONS[table].items() if many or not to_many]
        if not names:
            break
        name = dice.choice(names)
        through |= RELATIONS[table][name][2]
        table = RELATIONS[table][name][0]
        path += name + "."
    return path, table, through


def leaf(dice, root, show_deleted):
    """(a condition of a filter, its SQL)"""
    path, table, many = random_path(dice, root, dice.random() < 0.5, 3)
    if path and dice.random() < 0.2:
        text = dice.choice([":*", ":*"] if many else [":*", " = null", " != null"])
        sql = has_sql(root, path, None, show_deleted=show_deleted)
        return path[:-1] + text, f"NOT {sql}" if text == " = null" else sql
    if dice.random() < 0.25 and table in CALLS:
        call, column, condition = dice.choice(CALLS[table])
        text = call.format(path)
    elif not many and table not in ONE:
        return leaf(dice, root, show_deleted)
    else:
        text, condition = dice.choice(HAS[table] if many else ONE[table])
        column = text.replace(".", " ").replace(":", " ").split()[0]
        text = path + text.replace("{path}", path)

    def of(sql):
        return "(" + re.sub(r"\bx\b", lambda _: sql, condition) + ")"

    if many:
        return text, has_sql(root, path + column, of, show_deleted=show_deleted)
    return text, of(value_sql(root, path + column, show_deleted=show_deleted))


def random_filter(dice, root, depth=3, show_deleted=False):
    kind = dice.random()
    if depth == 0 or kind < 0.35:
        return leaf(dice, root, show_deleted)
    if kind < 0.55:
        text, sql = random_filter(dice, root, depth - 1, show_deleted)
        return f"NOT ({text})", f"NOT ({sql})"
    word = dice.choice([" AND ", " OR "])
    parts = [random_filter(dice, root, depth - 1, show_deleted) for _ in range(dice.randint(2, 3))]
    return word.join(f"({text})" for text, _ in parts), word.join(f"({sql})" for _, sql in parts)


COLUMNS = {"customer": ["country", "balance", "vip", "state", "seen", "id", "debt", "ref", "code", "tags"],
           "category": ["name", "parent_id"], "product": ["name", "category_id"], "orders": ["status", "placed", "id"],
           "order_item": ["note", "line_no"], "passport": ["number"], "remark": ["text"]}


def random_order(dice, root, show_deleted=False):
    """(order_by, its SQL without the key)"""
    texts, sqls = [], []
    for _ in range(dice.randint(1, 3)):
        path, table, _ = random_path(dice, root, False, 3)
        path += dice.choice(COLUMNS[table])
        if path in [text.split()[0] for text in texts]:
            continue
        direction = dice.choice(["", " desc"])
        texts.append(path + direction)
        sqls.append(value_sql(root, path, show_deleted=show_deleted) + direction)
    return ", ".join(texts), ", ".join(sqls)
