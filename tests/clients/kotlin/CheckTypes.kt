// Reads the rows of kinds.samples and compares each value with what psql says of it, then writes each row again, built from
// what psql says. The file of rows is named by the argument; tests/clients/shown.sql says how it writes values.
package com.example.shop

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import com.google.protobuf.ByteString
import com.google.protobuf.Timestamp
import com.google.protobuf.Value
import com.google.protobuf.util.JsonFormat
import com.google.protobuf.util.Timestamps
import java.io.File
import java.util.HexFormat
import kinds.v1.Place
import kinds.v1.Sample
import kinds.v1.SampleServiceGrpcKt.SampleServiceCoroutineStub
import kinds.v1.createSampleRequest
import kinds.v1.listSamplesRequest
import kinds.v1.place
import kotlinx.coroutines.runBlocking

/** How a value becomes what psql shows, and how that becomes the value. */
private class Kind<T>(val to: (T) -> JsonElement, val from: (JsonElement) -> T)

private fun <T> ofText(to: (T) -> String, from: (String) -> T) =
    Kind<T>({ JsonPrimitive(to(it)) }, { from(it.asString) })

private val HEX = HexFormat.of()
private val INT = ofText(Int::toString, String::toInt)
private val UNSIGNED = ofText({ n: Int -> n.toUInt().toString() }, { it.toUInt().toInt() })
private val LONG = ofText(Long::toString, String::toLong)
private val TEXT = ofText({ text: String -> text }, { it })
private val BOOL = ofText(Boolean::toString, String::toBoolean)
private val FLOAT = ofText({ x: Float -> HEX.toHexDigits(x.toRawBits()) }, { Float.fromBits(HexFormat.fromHexDigits(it)) })
private val DOUBLE =
    ofText({ x: Double -> HEX.toHexDigits(x.toRawBits()) }, { Double.fromBits(HexFormat.fromHexDigitsToLong(it)) })
private val BYTES = ofText({ bytes: ByteString -> HEX.formatHex(bytes.toByteArray()) }, { ByteString.copyFrom(HEX.parseHex(it)) })
private val TIME = ofText({ time: Timestamp -> Timestamps.toMicros(time).toString() }, { Timestamps.fromMicros(it.toLong()) })
private val JSON = Kind<Value>(
    { JsonParser.parseString(JsonFormat.printer().print(it)) },
    { shown -> Value.newBuilder().also { JsonFormat.parser().merge(shown.asString, it) }.build() },
)
private val PLACE = Kind<Place>(
    { value ->
        JsonObject().apply {
            add("x", if (value.hasX()) INT.to(value.x) else JsonNull.INSTANCE)
            add("y", if (value.hasY()) DOUBLE.to(value.y) else JsonNull.INSTANCE)
            add("label", if (value.hasLabel()) TEXT.to(value.label) else JsonNull.INSTANCE)
        }
    },
    { shown ->
        val field = { name: String -> shown.asJsonObject[name].takeUnless { it.isJsonNull } }
        place {
            field("x")?.let { x = INT.from(it) }
            field("y")?.let { y = DOUBLE.from(it) }
            field("label")?.let { label = it.asString }
        }
    },
)

/** A column: whether a row has it, what it is, and how it is set. */
private class Column<T>(
    val name: String,
    val has: (Sample) -> Boolean,
    val get: (Sample) -> T,
    val set: (Sample.Builder, T) -> Any,
    val kind: Kind<T>,
) {
    fun check(row: Sample, shown: JsonObject, built: Sample.Builder, wrong: MutableList<String>) {
        val wanted = shown[name]
        if (has(row) == wanted.isJsonNull) {
            wrong += "row ${row.id} $name is there: ${has(row)}"
        } else if (!wanted.isJsonNull) {
            val got = kind.to(get(row))
            val expected = if (kind === JSON) JsonParser.parseString(wanted.asString) else wanted
            if (got != expected) wrong += "row ${row.id} $name: $got instead of $expected"
        }
        if (!wanted.isJsonNull) set(built, kind.from(wanted))
    }
}

private class ArrayColumn<T>(
    val name: String,
    val get: (Sample) -> List<T>,
    val set: (Sample.Builder, List<T>) -> Any,
    val kind: Kind<T>,
) {
    fun check(row: Sample, shown: JsonObject, built: Sample.Builder, wrong: MutableList<String>) {
        val got = JsonArray().apply { get(row).forEach { add(kind.to(it)) } }
        val wanted = shown.getAsJsonArray(name)
        if (got != wanted) wrong += "row ${row.id} $name: $got instead of $wanted"
        set(built, wanted.map(kind.from))
    }
}

private val COLUMNS = listOf(
    Column("id", Sample::hasId, Sample::getId, Sample.Builder::setId, INT),
    Column("small", Sample::hasSmall, Sample::getSmall, Sample.Builder::setSmall, INT),
    Column("whole", Sample::hasWhole, Sample::getWhole, Sample.Builder::setWhole, INT),
    Column("big", Sample::hasBig, Sample::getBig, Sample.Builder::setBig, LONG),
    Column("object_id", Sample::hasObjectId, Sample::getObjectId, Sample.Builder::setObjectId, UNSIGNED),
    Column("narrow", Sample::hasNarrow, Sample::getNarrow, Sample.Builder::setNarrow, FLOAT),
    Column("wide", Sample::hasWide, Sample::getWide, Sample.Builder::setWide, DOUBLE),
    Column("truth", Sample::hasTruth, Sample::getTruth, Sample.Builder::setTruth, BOOL),
    Column("exact", Sample::hasExact, Sample::getExact, Sample.Builder::setExact, TEXT),
    Column("cash", Sample::hasCash, Sample::getCash, Sample.Builder::setCash, TEXT),
    Column("share", Sample::hasShare, Sample::getShare, Sample.Builder::setShare, TEXT),
    Column("words", Sample::hasWords, Sample::getWords, Sample.Builder::setWords, TEXT),
    Column("code", Sample::hasCode, Sample::getCode, Sample.Builder::setCode, TEXT),
    Column("uid", Sample::hasUid, Sample::getUid, Sample.Builder::setUid, TEXT),
    Column("address", Sample::hasAddress, Sample::getAddress, Sample.Builder::setAddress, TEXT),
    Column("flags", Sample::hasFlags, Sample::getFlags, Sample.Builder::setFlags, TEXT),
    Column("span", Sample::hasSpan, Sample::getSpan, Sample.Builder::setSpan, TEXT),
    Column("raw", Sample::hasRaw, Sample::getRaw, Sample.Builder::setRaw, BYTES),
    Column("moment", Sample::hasMoment, Sample::getMoment, { row, time -> row.setMoment(time) }, TIME),
    Column("wall", Sample::hasWall, Sample::getWall, { row, time -> row.setWall(time) }, TIME),
    Column("day", Sample::hasDay, Sample::getDay, Sample.Builder::setDay, TEXT),
    Column("clock", Sample::hasClock, Sample::getClock, Sample.Builder::setClock, TEXT),
    Column("duration", Sample::hasDuration, Sample::getDuration, Sample.Builder::setDuration, TEXT),
    Column("document", Sample::hasDocument, Sample::getDocument, { row, value -> row.setDocument(value) }, JSON),
    Column("plain", Sample::hasPlain, Sample::getPlain, { row, value -> row.setPlain(value) }, JSON),
    // A label that came later is UNRECOGNIZED, and has a number all the same.
    Column("mood", Sample::hasMood, Sample::getMoodValue, Sample.Builder::setMoodValue, INT),
    Column("place", Sample::hasPlace, Sample::getPlace, { row, value -> row.setPlace(value) }, PLACE),
)

private val ARRAYS = listOf(
    ArrayColumn("numbers", Sample::getNumbersList, Sample.Builder::addAllNumbers, LONG),
    ArrayColumn("texts", { row -> row.textsList.toList() }, Sample.Builder::addAllTexts, TEXT),
    ArrayColumn("moods", { row -> row.moodsValueList.toList() }, Sample.Builder::addAllMoodsValue, INT),
    ArrayColumn("places", Sample::getPlacesList, Sample.Builder::addAllPlaces, PLACE),
)

fun main(arguments: Array<String>): Unit = runBlocking {
    val rows = JsonParser.parseString(File(arguments[0]).readText()).asJsonArray.map { it.asJsonObject }
    val channel = connect(System.getenv("ADDRESS"), System.getenv("CA_FILE"), System.getenv("TOKEN"))
    try {
        val samples = SampleServiceCoroutineStub(channel)
        val read = samples.listSamples(listSamplesRequest {
            orderBy = "id"
            pageSize = 100
        }).samplesList
        check(read.size == rows.size) { "${read.size} rows instead of ${rows.size}" }
        val wrong = mutableListOf<String>()
        for ((row, shown) in read.zip(rows)) {
            val built = Sample.newBuilder()
            COLUMNS.forEach { it.check(row, shown, built, wrong) }
            ARRAYS.forEach { it.check(row, shown, built, wrong) }
            built.id += 1000
            samples.createSample(createSampleRequest { sample = built.build() })
        }
        check(wrong.isEmpty()) { wrong.joinToString("\n") }
        println("${rows.size * (COLUMNS.size + ARRAYS.size)} values read")
    } finally {
        channel.shutdownNow()
    }
}
