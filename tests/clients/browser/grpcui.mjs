// Fills in the form of grpcui, which is at PAGE, as a user does, and reads the row that comes. PICTURE is a file for what is
// seen then.
import { contains, withPage } from "./browser.mjs";

const { PAGE, PICTURE } = process.env;

// The value of a field in the form. A column is optional, for which grpcui has a choice between it and none.
async function fillIn(page, field, value) {
  const choice = page.locator(`input[value="${field}"]`);
  const row = page.locator("#grpc-request-form .oneof tr.message_field", { has: choice });
  await row.locator("input[type=radio]").check();
  await row.locator("input[type=text]").fill(value);
}

await withPage(async (page) => {
  await page.goto(PAGE);
  await page.selectOption("#grpc-service", "shop.v1.CustomerService");
  await page.selectOption("#grpc-method", "GetCustomer");
  await fillIn(page, "id", "7");
  await page.locator("button.grpc-invoke:visible").first().click();
  const answer = page.locator("#grpc-response-data textarea");
  await answer.waitFor();
  contains(await answer.inputValue(), '"email": "customer7@example.com"', "the answer");
  // The numbers of ports differ from run to run, and stand above this.
  await page.screenshot({ path: PICTURE, fullPage: true, clip: { x: 0, y: 170, width: 700, height: 600 } });
});
console.log("customer 7");
