// Does what a user does with client/examples/browser. PAGE is where it is, OTHER_PAGE the same page of an origin that the
// proxy at PROXY does not allow; PROTOCOL is connect or grpcweb. With DETAILS=no the proxy loses the details of errors. It
// prints the email of the customer that it has made.
import { contains, same, withPage } from "./browser.mjs";

const { PAGE, OTHER_PAGE, PROXY, PROTOCOL, TOKEN, DETAILS } = process.env;
const email = `${PROTOCOL}-${process.pid}@example.org`;

// `seen` is what the page says of an error.
function refused(seen, code, reason, what) {
  contains(seen, `[${code}]`, what);
  contains(seen, DETAILS === "no" ? "" : reason, what);
}

class Customers {
  constructor(page) {
    this.page = page;
  }

  async open(url, token) {
    await this.page.goto(url);
    await this.fill("connection", { proxy: PROXY, token });
    await this.page.selectOption("[name=protocol]", PROTOCOL);
  }

  async fill(form, values) {
    for (const [name, value] of Object.entries(values)) {
      await this.page.fill(`#${form} [name=${name}]`, value);
    }
  }

  // Clicks, and waits for what the click has asked for. Gives the error that the page shows, or "".
  async click(selector) {
    await this.page.click(selector);
    await this.page.waitForSelector("body:not([aria-busy])");
    return this.page.textContent("#error");
  }

  list() {
    return this.click("#connection button");
  }

  save() {
    return this.click("#customer button:not([type])");
  }

  rows() {
    return this.page.$$eval("#customers tr", (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  }
}

async function refusals(customers) {
  await customers.open(PAGE, "");
  refused(await customers.list(), "unauthenticated", "TOKEN_MISSING", "without a token");
  await customers.open(PAGE, "not.a.token");
  refused(await customers.list(), "unauthenticated", "TOKEN_INVALID", "with another token");
  await customers.open(OTHER_PAGE, TOKEN);
  contains(await customers.list(), "Failed to fetch", "of another origin");
  same((await customers.rows()).length, 0, "rows of another origin");
}

async function lists(customers) {
  await customers.open(PAGE, TOKEN);
  await customers.fill("connection", { filter: 'address.country = "AT"' });
  same(await customers.list(), "", "the error of a List");
  const first = await customers.rows();
  same(first.length, 5, "rows of the first page");
  first.forEach((row) => same(row[3], "Wien", "city"));
  same(await customers.click("#next"), "", "the error of the next page");
  const second = await customers.rows();
  same(second.length === 5 && Number(second[0][0]) < Number(first[4][0]), true, "the next page is after the first");
  await customers.fill("connection", { filter: "born >" });
  refused(await customers.list(), "invalid_argument", "INVALID_FILTER", "the error of a filter");
  await customers.fill("connection", { filter: "" });
}

async function exports(customers) {
  const download = customers.page.waitForEvent("download");
  same(await customers.click("#export"), "", "the error of a Stream");
  contains((await download).suggestedFilename(), "customers", "the exported file");
  const count = Number((await customers.page.textContent("#count")).split(" ")[0]);
  same(count >= 980, true, `${count} customers are exported, of 980 and more`);
}

async function creates(customers) {
  await customers.fill("customer", { full_name: "Zoë 漢字 😀", email, city: "Kyōto" });
  same(await customers.save(), "", "the error of a Create");
  const [, ...row] = (await customers.rows())[0];
  same(row.join("|"), `Zoë 漢字 😀|${email}|Kyōto|500.00|Edit`, "the new customer");
  await customers.fill("customer", { full_name: "Another", email });
  refused(await customers.save(), "already_exists", "UNIQUE_VIOLATION", "the error of a second customer with the email");
  await customers.click("#customer [type=reset]");
}

// A customer whose address has more than the form shows.
async function moves(customers) {
  await customers.fill("connection", { filter: "id = 7" });
  same(await customers.list(), "", "the error of a List of one");
  await customers.click("#customers tr:first-child button");
  await customers.fill("customer", { city: "Graz" });
  await customers.fill("connection", { filter: 'address.street = "Hauptstraße 8" AND address.city = "Graz"' });
  same(await customers.save(), "", "the error of an Update of an address");
  same((await customers.rows()).length, 1, "customers with the street and the new city");
  await customers.fill("connection", { filter: "" });
  await customers.list();
}

async function edits(customers, context) {
  await customers.click("#customers tr:first-child button");
  const slow = new Customers(await context.newPage());
  await slow.open(PAGE, TOKEN);
  await slow.list();
  await slow.click("#customers tr:first-child button");
  await customers.fill("customer", { full_name: "Zoë Changed", city: "" });
  same(await customers.save(), "", "the error of an Update");
  const [, ...row] = (await customers.rows())[0];
  same(row.join("|"), `Zoë Changed|${email}||500.00|Edit`, "the changed customer");
  await slow.fill("customer", { full_name: "Too late" });
  refused(await slow.save(), "aborted", "ETAG_MISMATCH", "the error of who changes what has changed");
}

await withPage(async (page, context) => {
  const customers = new Customers(page);
  await refusals(customers);
  await lists(customers);
  await exports(customers);
  await moves(customers);
  await creates(customers);
  await edits(customers, context);
});
console.log(email);
