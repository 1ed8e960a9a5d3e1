//! Reads the rows of kinds.samples and compares each value with what psql says of it, then writes each row again, built
//! from what psql says. The file of rows is named by the argument; tests/clients/shown.sql says how it writes values.

use std::collections::BTreeMap;
use std::env;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Timestamp, Value};
use serde_json::Value as Json;
use shop_client::{connect, Error};

mod kinds {
    tonic::include_proto!("kinds.v1");
}
use kinds::sample_service_client::SampleServiceClient;
use kinds::{CreateSampleRequest, ListSamplesRequest, Place, Sample};

// How a value becomes what psql shows (to_...), and back (from_...).
fn to_number(value: &impl ToString) -> Json {
    Json::String(value.to_string())
}
fn from_number<T: std::str::FromStr>(json: &Json) -> T {
    json.as_str().unwrap().parse().ok().unwrap()
}
fn to_float(value: &f32) -> Json {
    Json::String(format!("{:08x}", value.to_bits()))
}
fn from_float(json: &Json) -> f32 {
    f32::from_bits(u32::from_str_radix(json.as_str().unwrap(), 16).unwrap())
}
fn to_double(value: &f64) -> Json {
    Json::String(format!("{:016x}", value.to_bits()))
}
fn from_double(json: &Json) -> f64 {
    f64::from_bits(u64::from_str_radix(json.as_str().unwrap(), 16).unwrap())
}
fn to_bytes(value: &Vec<u8>) -> Json {
    Json::String(value.iter().map(|byte| format!("{byte:02x}")).collect())
}
fn from_bytes(json: &Json) -> Vec<u8> {
    let digits = json.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
fn to_time(value: &Timestamp) -> Json {
    Json::String((value.seconds * 1_000_000 + i64::from(value.nanos / 1000)).to_string())
}
fn from_time(json: &Json) -> Timestamp {
    let micros: i64 = from_number(json);
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos: micros.rem_euclid(1_000_000) as i32 * 1000 }
}
fn to_place(value: &Place) -> Json {
    serde_json::json!({"x": value.x.as_ref().map(to_number), "y": value.y.as_ref().map(to_double), "label": value.label})
}
fn from_place(json: &Json) -> Place {
    Place {
        x: some(&json["x"]).map(from_number),
        y: some(&json["y"]).map(from_double),
        label: some(&json["label"]).map(from_number),
    }
}
/// All numbers are doubles here, as they are in google.protobuf.Value.
fn to_document(value: &Value) -> Json {
    match value.kind.as_ref().unwrap() {
        Kind::NullValue(_) => Json::Null,
        Kind::NumberValue(number) => Json::from(*number),
        Kind::StringValue(text) => Json::from(text.clone()),
        Kind::BoolValue(truth) => Json::from(*truth),
        Kind::StructValue(object) => object.fields.iter().map(|(name, each)| (name.clone(), to_document(each))).collect(),
        Kind::ListValue(list) => list.values.iter().map(to_document).collect(),
    }
}
fn from_document(json: &Json) -> Value {
    parsed(&serde_json::from_str(json.as_str().unwrap()).unwrap())
}
fn parsed(json: &Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(truth) => Kind::BoolValue(*truth),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(list) => Kind::ListValue(ListValue { values: list.iter().map(parsed).collect() }),
        Json::Object(object) => {
            let fields: BTreeMap<_, _> = object.iter().map(|(name, each)| (name.clone(), parsed(each))).collect();
            Kind::StructValue(Struct { fields })
        }
    };
    Value { kind: Some(kind) }
}

fn some(json: &Json) -> Option<&Json> {
    (!json.is_null()).then_some(json)
}

/// For each column: compares `row` with `shown`, and gives `built` the value that psql shows.
struct Check<'a> {
    shown: &'a Json,
    wrong: Vec<String>,
    count: usize,
}

impl Check<'_> {
    fn compare(&mut self, name: &str, got: Json, wanted: Json) {
        self.count += 1;
        if got != wanted {
            self.wrong.push(format!("row {} {name}: {got:.200} instead of {wanted:.200}", self.shown["id"]));
        }
    }

    fn column<T>(&mut self, name: &str, got: &Option<T>, built: &mut Option<T>, to: fn(&T) -> Json, from: fn(&Json) -> T) {
        self.compare(name, got.as_ref().map_or(Json::Null, to), self.shown[name].clone());
        *built = some(&self.shown[name]).map(from);
    }

    fn array<T>(&mut self, name: &str, got: &[T], built: &mut Vec<T>, to: fn(&T) -> Json, from: fn(&Json) -> T) {
        self.compare(name, got.iter().map(to).collect(), self.shown[name].clone());
        *built = self.shown[name].as_array().unwrap().iter().map(from).collect();
    }

    fn document(&mut self, name: &str, got: &Option<Value>, built: &mut Option<Value>) {
        *built = some(&self.shown[name]).map(from_document);
        // JSON's null, which is a value, is told from a field that is not there.
        let wanted = built.as_ref().map_or(Json::from("absent"), to_document);
        self.compare(name, got.as_ref().map_or(Json::from("absent"), to_document), wanted);
    }
}

fn check(row: &Sample, shown: &Json) -> (Sample, Vec<String>, usize) {
    let mut check = Check { shown, wrong: vec![], count: 0 };
    let mut built = Sample::default();
    macro_rules! each {
        ($kind:ident $to:ident $from:ident: $($name:ident)*) => {
            $(check.$kind(stringify!($name), &row.$name, &mut built.$name, $to, $from);)*
        };
    }
    each!(column to_number from_number: id small whole);
    each!(column to_number from_number: big);
    each!(column to_number from_number: object_id);
    each!(column to_float from_float: narrow);
    each!(column to_double from_double: wide);
    each!(column to_number from_number: truth);
    each!(column to_number from_number: exact cash share words code uid address flags span day clock duration);
    each!(column to_bytes from_bytes: raw);
    each!(column to_time from_time: moment wall);
    check.document("document", &row.document, &mut built.document);
    check.document("plain", &row.plain, &mut built.plain);
    // An enum is an i32, so that a label that came later is its number.
    each!(column to_number from_number: mood);
    each!(column to_place from_place: place);
    each!(array to_number from_number: numbers);
    each!(array to_number from_number: texts);
    each!(array to_number from_number: moods);
    each!(array to_place from_place: places);
    (built, check.wrong, check.count)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let shown: Vec<Json> = serde_json::from_slice(&std::fs::read(env::args().nth(1).ok_or("no file")?)?)?;
    let connection = connect(&env::var("ADDRESS")?, env::var("CA_FILE").ok().as_deref(), env::var("TOKEN").ok().as_deref()).await?;
    let mut samples = SampleServiceClient::new(connection);
    let request = ListSamplesRequest { order_by: "id".into(), page_size: 100, ..Default::default() };
    let page = samples.list_samples(request).await?.into_inner();
    if page.samples.len() != shown.len() {
        return Err(format!("{} rows instead of {}", page.samples.len(), shown.len()).into());
    }
    let mut count = 0;
    for (row, shown) in page.samples.iter().zip(&shown) {
        let (mut built, wrong, compared) = check(row, shown);
        if !wrong.is_empty() {
            return Err(wrong.join("\n").into());
        }
        count += compared;
        built.id = built.id.map(|id| id + 1000);
        samples.create_sample(CreateSampleRequest { sample: Some(built), ..Default::default() }).await?;
    }
    println!("{count} values read");
    Ok(())
}
