package com.example.shop;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;
import io.grpc.ManagedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import kinds.v1.CreateSampleRequest;
import kinds.v1.ListSamplesRequest;
import kinds.v1.Place;
import kinds.v1.Sample;
import kinds.v1.SampleServiceGrpc;

/**
 * Reads the rows of kinds.samples and compares each value with what psql says of it, then writes each row again, built from
 * what psql says. The file of rows is named by the argument; tests/clients/shown.sql says how it writes values.
 */
final class CheckTypes {
  private CheckTypes() {}

  /** How a value becomes what psql shows, and how that becomes the value. */
  private record Kind<T>(Function<T, JsonElement> to, Function<JsonElement, T> from) {
    static <T> Kind<T> ofText(Function<T, String> to, Function<String, T> from) {
      return new Kind<>(value -> new JsonPrimitive(to.apply(value)), shown -> from.apply(shown.getAsString()));
    }
  }

  private static final Kind<Integer> INT = Kind.ofText(String::valueOf, Integer::valueOf);
  private static final Kind<Integer> UNSIGNED = Kind.ofText(Integer::toUnsignedString, Integer::parseUnsignedInt);
  private static final Kind<Long> LONG = Kind.ofText(String::valueOf, Long::valueOf);
  private static final Kind<String> TEXT = Kind.ofText(Function.identity(), Function.identity());
  private static final Kind<Boolean> BOOL = Kind.ofText(String::valueOf, Boolean::valueOf);
  private static final Kind<Float> FLOAT = Kind.ofText(
      value -> HexFormat.of().toHexDigits(Float.floatToIntBits(value)),
      text -> Float.intBitsToFloat(HexFormat.fromHexDigits(text)));
  private static final Kind<Double> DOUBLE = Kind.ofText(
      value -> HexFormat.of().toHexDigits(Double.doubleToLongBits(value)),
      text -> Double.longBitsToDouble(HexFormat.fromHexDigitsToLong(text)));
  private static final Kind<ByteString> BYTES = Kind.ofText(
      value -> HexFormat.of().formatHex(value.toByteArray()),
      text -> ByteString.copyFrom(HexFormat.of().parseHex(text)));
  private static final Kind<Timestamp> TIME = Kind.ofText(
      value -> String.valueOf(Timestamps.toMicros(value)), text -> Timestamps.fromMicros(Long.parseLong(text)));
  private static final Kind<Value> JSON = new Kind<>(CheckTypes::parsed, shown -> document(shown.getAsString()));
  private static final Kind<Place> PLACE = new Kind<>(CheckTypes::shown, CheckTypes::place);

  private static JsonElement parsed(Value value) {
    try {
      return JsonParser.parseString(JsonFormat.printer().print(value));
    } catch (InvalidProtocolBufferException broken) {
      throw new IllegalArgumentException(broken);
    }
  }

  private static Value document(String text) {
    Value.Builder value = Value.newBuilder();
    try {
      JsonFormat.parser().merge(text, value);
    } catch (InvalidProtocolBufferException broken) {
      throw new IllegalArgumentException(broken);
    }
    return value.build();
  }

  private static JsonElement shown(Place value) {
    JsonObject fields = new JsonObject();
    fields.add("x", value.hasX() ? INT.to().apply(value.getX()) : JsonNull.INSTANCE);
    fields.add("y", value.hasY() ? DOUBLE.to().apply(value.getY()) : JsonNull.INSTANCE);
    fields.add("label", value.hasLabel() ? TEXT.to().apply(value.getLabel()) : JsonNull.INSTANCE);
    return fields;
  }

  private static Place place(JsonElement shown) {
    JsonObject fields = shown.getAsJsonObject();
    Place.Builder value = Place.newBuilder();
    if (!fields.get("x").isJsonNull()) {
      value.setX(INT.from().apply(fields.get("x")));
    }
    if (!fields.get("y").isJsonNull()) {
      value.setY(DOUBLE.from().apply(fields.get("y")));
    }
    if (!fields.get("label").isJsonNull()) {
      value.setLabel(fields.get("label").getAsString());
    }
    return value.build();
  }

  /** A column: whether a row has it, what it is, and how it is set. */
  private record Column<T>(
      String name, Predicate<Sample> has, Function<Sample, T> get, BiConsumer<Sample.Builder, T> set, Kind<T> kind) {
    void check(Sample row, JsonObject shown, Sample.Builder built, List<String> wrong) {
      JsonElement wanted = shown.get(name);
      if (has.test(row) == wanted.isJsonNull()) {
        wrong.add("row " + row.getId() + " " + name + " is there: " + has.test(row));
      } else if (!wanted.isJsonNull()) {
        JsonElement got = kind.to().apply(get.apply(row));
        JsonElement expected = kind == (Kind<?>) JSON ? JsonParser.parseString(wanted.getAsString()) : wanted;
        if (!got.equals(expected)) {
          wrong.add("row " + row.getId() + " " + name + ": " + got + " instead of " + expected);
        }
      }
      if (!wanted.isJsonNull()) {
        set.accept(built, kind.from().apply(wanted));
      }
    }
  }

  private record ArrayColumn<T>(
      String name, Function<Sample, List<T>> get, BiConsumer<Sample.Builder, List<T>> set, Kind<T> kind) {
    void check(Sample row, JsonObject shown, Sample.Builder built, List<String> wrong) {
      JsonArray got = new JsonArray();
      get.apply(row).forEach(value -> got.add(kind.to().apply(value)));
      JsonArray wanted = shown.getAsJsonArray(name);
      if (!got.equals(wanted)) {
        wrong.add("row " + row.getId() + " " + name + ": " + got + " instead of " + wanted);
      }
      set.accept(built, StreamSupport.stream(wanted.spliterator(), false).map(kind.from()).toList());
    }
  }

  private static final List<Column<?>> COLUMNS = List.of(
      new Column<>("id", Sample::hasId, Sample::getId, Sample.Builder::setId, INT),
      new Column<>("small", Sample::hasSmall, Sample::getSmall, Sample.Builder::setSmall, INT),
      new Column<>("whole", Sample::hasWhole, Sample::getWhole, Sample.Builder::setWhole, INT),
      new Column<>("big", Sample::hasBig, Sample::getBig, Sample.Builder::setBig, LONG),
      new Column<>("object_id", Sample::hasObjectId, Sample::getObjectId, Sample.Builder::setObjectId, UNSIGNED),
      new Column<>("narrow", Sample::hasNarrow, Sample::getNarrow, Sample.Builder::setNarrow, FLOAT),
      new Column<>("wide", Sample::hasWide, Sample::getWide, Sample.Builder::setWide, DOUBLE),
      new Column<>("truth", Sample::hasTruth, Sample::getTruth, Sample.Builder::setTruth, BOOL),
      new Column<>("exact", Sample::hasExact, Sample::getExact, Sample.Builder::setExact, TEXT),
      new Column<>("cash", Sample::hasCash, Sample::getCash, Sample.Builder::setCash, TEXT),
      new Column<>("share", Sample::hasShare, Sample::getShare, Sample.Builder::setShare, TEXT),
      new Column<>("words", Sample::hasWords, Sample::getWords, Sample.Builder::setWords, TEXT),
      new Column<>("code", Sample::hasCode, Sample::getCode, Sample.Builder::setCode, TEXT),
      new Column<>("uid", Sample::hasUid, Sample::getUid, Sample.Builder::setUid, TEXT),
      new Column<>("address", Sample::hasAddress, Sample::getAddress, Sample.Builder::setAddress, TEXT),
      new Column<>("flags", Sample::hasFlags, Sample::getFlags, Sample.Builder::setFlags, TEXT),
      new Column<>("span", Sample::hasSpan, Sample::getSpan, Sample.Builder::setSpan, TEXT),
      new Column<>("raw", Sample::hasRaw, Sample::getRaw, Sample.Builder::setRaw, BYTES),
      new Column<>("moment", Sample::hasMoment, Sample::getMoment, Sample.Builder::setMoment, TIME),
      new Column<>("wall", Sample::hasWall, Sample::getWall, Sample.Builder::setWall, TIME),
      new Column<>("day", Sample::hasDay, Sample::getDay, Sample.Builder::setDay, TEXT),
      new Column<>("clock", Sample::hasClock, Sample::getClock, Sample.Builder::setClock, TEXT),
      new Column<>("duration", Sample::hasDuration, Sample::getDuration, Sample.Builder::setDuration, TEXT),
      new Column<>("document", Sample::hasDocument, Sample::getDocument, Sample.Builder::setDocument, JSON),
      new Column<>("plain", Sample::hasPlain, Sample::getPlain, Sample.Builder::setPlain, JSON),
      // A label that came later is UNRECOGNIZED, and has a number all the same.
      new Column<>("mood", Sample::hasMood, Sample::getMoodValue, Sample.Builder::setMoodValue, INT),
      new Column<>("place", Sample::hasPlace, Sample::getPlace, Sample.Builder::setPlace, PLACE));

  private static final List<ArrayColumn<?>> ARRAYS = List.of(
      new ArrayColumn<>("numbers", Sample::getNumbersList, Sample.Builder::addAllNumbers, LONG),
      new ArrayColumn<>("texts", row -> List.copyOf(row.getTextsList()), Sample.Builder::addAllTexts, TEXT),
      new ArrayColumn<>("moods", Sample::getMoodsValueList, Sample.Builder::addAllMoodsValue, INT),
      new ArrayColumn<>("places", Sample::getPlacesList, Sample.Builder::addAllPlaces, PLACE));

  public static void main(String[] arguments) throws Exception {
    JsonArray rows = JsonParser.parseString(Files.readString(Path.of(arguments[0]))).getAsJsonArray();
    ManagedChannel channel =
        Connection.connect(System.getenv("ADDRESS"), System.getenv("CA_FILE"), System.getenv("TOKEN"));
    try {
      var samples = SampleServiceGrpc.newBlockingV2Stub(channel);
      var page = samples.listSamples(ListSamplesRequest.newBuilder().setOrderBy("id").setPageSize(100).build());
      if (page.getSamplesCount() != rows.size()) {
        throw new AssertionError(page.getSamplesCount() + " rows instead of " + rows.size());
      }
      List<String> wrong = new ArrayList<>();
      for (int at = 0; at < rows.size(); at++) {
        JsonObject shown = rows.get(at).getAsJsonObject();
        Sample row = page.getSamples(at);
        Sample.Builder built = Sample.newBuilder();
        COLUMNS.forEach(column -> column.check(row, shown, built, wrong));
        ARRAYS.forEach(column -> column.check(row, shown, built, wrong));
        built.setId(built.getId() + 1000);
        samples.createSample(CreateSampleRequest.newBuilder().setSample(built).build());
      }
      if (!wrong.isEmpty()) {
        throw new AssertionError(String.join("\n", wrong));
      }
      System.out.println(rows.size() * (COLUMNS.size() + ARRAYS.size()) + " values read");
    } finally {
      channel.shutdownNow();
    }
  }
}
