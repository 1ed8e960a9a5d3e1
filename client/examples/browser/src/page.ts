// Lists, creates and changes customers.

import { type Customer } from "../generated/shop/v1/rows_pb";
import { type Connection, customersOf, explain } from "./client";

const PAGE_SIZE = 5;

function byId<Element extends HTMLElement>(id: string): Element {
  return document.getElementById(id) as Element;
}

const connectionForm = byId<HTMLFormElement>("connection");
const customerForm = byId<HTMLFormElement>("customer");
const next = byId<HTMLButtonElement>("next");

// What the page shows: the page after it, and the customer that is changed, with the etag of what the user has seen.
let nextPageToken = "";
let edited: Customer | undefined;

function text(form: HTMLFormElement, name: string): string {
  return String(new FormData(form).get(name) ?? "").trim();
}

function customers() {
  return customersOf({
    proxy: text(connectionForm, "proxy"),
    protocol: text(connectionForm, "protocol") as Connection["protocol"],
    token: text(connectionForm, "token"),
  });
}

async function list(pageToken: string) {
  const page = await customers().listCustomers({
    filter: text(connectionForm, "filter"),
    orderBy: "id desc",
    pageSize: PAGE_SIZE,
    pageToken,
    countTotal: true,
  });
  byId("customers").replaceChildren(...page.customers.map(rowOf));
  nextPageToken = page.nextPageToken;
  next.disabled = !nextPageToken;
  byId("count").textContent = `${page.totalSize} customers`;
}

// A file of all customers that the filter leaves, however many: they come as a stream of chunks.
async function exportAll() {
  const lines: string[] = [];
  const request = { filter: text(connectionForm, "filter"), readMask: { paths: ["id", "email"] } };
  for await (const chunk of customers().streamCustomers(request)) {
    lines.push(...chunk.customers.map((customer) => JSON.stringify([String(customer.id), customer.email])));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\n")]));
  link.download = "customers.jsonl";
  link.click();
  URL.revokeObjectURL(link.href);
  byId("count").textContent = `${lines.length} customers exported`;
}

// Values of a row are text, never HTML.
function rowOf(customer: Customer): HTMLTableRowElement {
  const row = document.createElement("tr");
  for (const value of [customer.id, customer.fullName, customer.email, customer.address?.city, customer.creditLimit]) {
    row.insertCell().textContent = value === undefined ? "" : String(value);
  }
  const edit = document.createElement("button");
  edit.textContent = "Edit";
  edit.addEventListener("click", () => attempt(() => show(customer.id!)));
  row.insertCell().append(edit);
  return row;
}

// One row with its etag, which a page of rows does not have.
async function show(id: bigint) {
  edited = await customers().getCustomer({ id });
  customerForm.querySelector("h2")!.textContent = `Customer ${edited.id}`;
  for (const [name, value] of [["full_name", edited.fullName], ["email", edited.email], ["city", edited.address?.city]]) {
    (customerForm.elements.namedItem(name!) as HTMLInputElement).value = value ?? "";
  }
}

function reset() {
  edited = undefined;
  customerForm.querySelector("h2")!.textContent = "New customer";
}

async function save() {
  const city = text(customerForm, "city");
  // What else the address has stays.
  const address = city || edited?.address ? { ...edited?.address, city: city || undefined } : undefined;
  const customer = {
    address,
    fullName: text(customerForm, "full_name"),
    email: text(customerForm, "email"),
  };
  if (edited) {
    await customers().updateCustomer({
      customer: { ...customer, id: edited.id, etag: edited.etag },
      updateMask: { paths: ["full_name", "email", "address"] },
    });
  } else {
    await customers().createCustomer({ customer });
  }
  customerForm.reset();
  await list("");
}

// Runs what a click asks for. What fails is told, and changes nothing of what is shown.
async function attempt(action: () => Promise<void>) {
  document.body.setAttribute("aria-busy", "true");
  byId("error").textContent = "";
  try {
    await action();
  } catch (error) {
    byId("error").textContent = explain(error);
  }
  document.body.removeAttribute("aria-busy");
}

function onSubmit(form: HTMLFormElement, action: () => Promise<void>) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(action);
  });
}

onSubmit(connectionForm, () => list(""));
onSubmit(customerForm, save);
customerForm.addEventListener("reset", reset);
next.addEventListener("click", () => attempt(() => list(nextPageToken)));
byId("export").addEventListener("click", () => attempt(exportAll));
