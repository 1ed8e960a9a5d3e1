// Reads the rows of kinds.samples and compares each value with what psql says of it, then writes each row again, built
// from what psql says. The file of rows is named by the argument; tests/clients/shown.sql says how it writes values.

import { deepStrictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { create, fromJson, type JsonValue, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";

import { type Sample, SampleSchema } from "../generated/kinds/v1/rows_pb.js";
import { SampleService } from "../generated/kinds/v1/sample_pb.js";
import { type Place, PlaceSchema } from "../generated/kinds/v1/types_pb.js";
import { connect } from "./connect.js";

// How a value becomes what psql shows, and how that becomes the value.
interface Kind<T> {
  to(value: T): unknown;
  from(shown: any): T;
}

const number: Kind<number> = { to: String, from: Number };
const long: Kind<bigint> = { to: String, from: BigInt };
const text: Kind<string> = { to: (value) => value, from: (shown) => shown };
const boolean: Kind<boolean> = { to: String, from: (shown) => shown === "true" };
const bytes: Kind<Uint8Array> = {
  to: (value) => Buffer.from(value).toString("hex"),
  from: (shown) => new Uint8Array(Buffer.from(shown, "hex")),
};
const float: Kind<number> = {
  to: (value) => {
    const buffer = Buffer.alloc(4);
    buffer.writeFloatBE(value);
    return buffer.toString("hex");
  },
  from: (shown) => Buffer.from(shown, "hex").readFloatBE(),
};
const double: Kind<number> = {
  to: (value) => {
    const buffer = Buffer.alloc(8);
    buffer.writeDoubleBE(value);
    return buffer.toString("hex");
  },
  from: (shown) => Buffer.from(shown, "hex").readDoubleBE(),
};
// A Date has milliseconds only, so that the two fields of a Timestamp are taken as they are.
const time: Kind<Timestamp> = {
  to: (value) => String(value.seconds * 1_000_000n + BigInt(value.nanos / 1000)),
  from: (shown) => {
    const micros = BigInt(shown);
    const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
    return create(TimestampSchema, { seconds: (micros - fraction) / 1_000_000n, nanos: Number(fraction) * 1000 });
  },
};
const json: Kind<Value> = {
  to: (value) => toJson(ValueSchema, value),
  from: (shown) => fromJson(ValueSchema, JSON.parse(shown) as JsonValue),
};
const place: Kind<Place> = {
  to: (value) => ({
    x: value.x === undefined ? null : number.to(value.x),
    y: value.y === undefined ? null : double.to(value.y),
    label: value.label ?? null,
  }),
  from: (shown) =>
    create(PlaceSchema, {
      x: shown.x === null ? undefined : number.from(shown.x),
      y: shown.y === null ? undefined : double.from(shown.y),
      label: shown.label ?? undefined,
    }),
};

// An enum is a number, so that a label that came later has one as well.
const columns: [keyof Sample, string, Kind<any>][] = [
  ["id", "id", number], ["small", "small", number], ["whole", "whole", number], ["big", "big", long],
  ["objectId", "object_id", number], ["narrow", "narrow", float], ["wide", "wide", double], ["truth", "truth", boolean],
  ["exact", "exact", text], ["cash", "cash", text], ["share", "share", text], ["words", "words", text], ["code", "code", text],
  ["uid", "uid", text], ["address", "address", text], ["flags", "flags", text], ["span", "span", text], ["raw", "raw", bytes],
  ["moment", "moment", time], ["wall", "wall", time], ["day", "day", text], ["clock", "clock", text],
  ["duration", "duration", text], ["document", "document", json], ["plain", "plain", json], ["mood", "mood", number],
  ["place", "place", place],
];
const arrays: [keyof Sample, string, Kind<any>][] = [
  ["numbers", "numbers", long], ["texts", "texts", text], ["moods", "moods", number], ["places", "places", place],
];

type Shown = Record<string, any>;

// Throws where a value of the row is not what psql shows.
function compare(row: Sample, shown: Shown) {
  for (const [field, name, kind] of columns) {
    const value = row[field];
    const wanted = kind === json && shown[name] !== null ? JSON.parse(shown[name]) : shown[name];
    deepStrictEqual(value !== undefined, shown[name] !== null, `row ${shown.id}: ${name} is there: ${value !== undefined}`);
    if (value !== undefined) {
      deepStrictEqual(kind.to(value), wanted);
    }
  }
  for (const [field, name, kind] of arrays) {
    deepStrictEqual((row[field] as unknown[]).map((value) => kind.to(value)), shown[name]);
  }
}

function built(shown: Shown): MessageInitShape<typeof SampleSchema> {
  const fields: Record<string, unknown> = {};
  for (const [field, name, kind] of columns) {
    if (shown[name] !== null) {
      fields[field] = kind.from(shown[name]);
    }
  }
  for (const [field, name, kind] of arrays) {
    fields[field] = shown[name].map((each: unknown) => kind.from(each));
  }
  return fields as MessageInitShape<typeof SampleSchema>;
}

const rows = JSON.parse(readFileSync(process.argv[2], "utf8")) as Shown[];
const samples = createClient(SampleService, connect(process.env.ADDRESS!, process.env.CA_FILE, process.env.TOKEN));
const page = await samples.listSamples({ orderBy: "id", pageSize: 100 });
deepStrictEqual(page.samples.length, rows.length);
for (const [at, shown] of rows.entries()) {
  compare(page.samples[at], shown);
  await samples.createSample({ sample: { ...built(shown), id: Number(shown.id) + 1000 } as MessageInitShape<typeof SampleSchema> });
}
console.log(`${rows.length * (columns.length + arrays.length)} values read`);
process.exit(0); // The HTTP/2 connection would stay open for a while.
