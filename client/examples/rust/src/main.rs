//! What one does with a database, through a client that is generated from its contract: the rows of the README's table.

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost::Name;
use prost_types::{Any, FieldMask};
use shop_client::protogres::v1::transaction_service_client::TransactionServiceClient;
use shop_client::protogres::v1::{
    session_request, session_response, Binding, Isolation, Operation, SessionRequest, SessionResponse, TransactRequest, TransactionOptions,
};
use shop_client::shop::v1::customer_service_client::CustomerServiceClient;
use shop_client::shop::v1::order_service_client::OrderServiceClient;
use shop_client::shop::v1::product_service_client::ProductServiceClient;
use shop_client::shop::v1::*;
use shop_client::{connect, reason, Connection, Error};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Streaming};
use tonic_types::StatusExt;

struct Shop {
    customers: CustomerServiceClient<Connection>,
    orders: OrderServiceClient<Connection>,
    products: ProductServiceClient<Connection>,
    transactions: TransactionServiceClient<Connection>,
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| path.to_string()).collect() })
}

/// gRPC's own name of a code.
fn name(code: Code) -> String {
    let camel = format!("{code:?}");
    let mut text = String::new();
    for (at, letter) in camel.char_indices() {
        if letter.is_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

impl Shop {
    fn new(connection: Connection) -> Self {
        Shop {
            customers: CustomerServiceClient::new(connection.clone()),
            orders: OrderServiceClient::new(connection.clone()),
            products: ProductServiceClient::new(connection.clone()),
            transactions: TransactionServiceClient::new(connection),
        }
    }

    async fn read(&mut self) -> Result<(), Error> {
        let mut request = Request::new(GetCustomerRequest { id: Some(7), ..Default::default() });
        request.set_timeout(Duration::from_secs(30));
        let found = self.customers.get_customer(request).await?.into_inner();
        println!("get: {} of {}", found.email(), found.address.as_ref().map_or("nowhere", |address| address.city()));

        let requests = [8, 7].map(|id| GetCustomerRequest { id: Some(id), ..Default::default() });
        let both = BatchGetCustomersRequest { requests: requests.into(), ..Default::default() };
        let both = self.customers.batch_get_customers(both).await?.into_inner();
        let emails: Vec<_> = both.customers.iter().map(|row| row.email()).collect();
        println!("get many: {}", emails.join(", "));

        let first = ListCustomersRequest {
            filter: r#"newsletter = true AND preferences.color = "red" AND tags:"vip""#.into(),
            order_by: "created_at".into(),
            page_size: 1,
            count_total: true,
            ..Default::default()
        };
        let first = self.customers.list_customers(first).await?.into_inner();
        println!("first: {} of {}", first.customers[0].email(), first.total_size());
        Ok(())
    }

    async fn pages(&mut self) -> Result<(), Error> {
        let mut request = ListCustomersRequest {
            filter: r#"address.country = "AT""#.into(),
            order_by: "full_name".into(),
            page_size: 50,
            ..Default::default()
        };
        let (mut rows, mut pages) = (0, 0);
        loop {
            let page = self.customers.list_customers(request.clone()).await?.into_inner();
            rows += page.customers.len();
            pages += 1;
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        println!("list: {rows} rows on {pages} pages");
        Ok(())
    }

    async fn stream(&mut self) -> Result<(), Error> {
        let request =
            StreamProductsRequest { filter: "price < 100".into(), read_mask: mask(&["sku", "price"]), ..Default::default() };
        let mut chunks = self.products.stream_products(request).await?.into_inner();
        let mut count = 0;
        while let Some(chunk) = chunks.message().await? {
            count += chunk.products.len();
        }
        println!("stream: {count} rows");
        Ok(())
    }

    async fn create(&mut self) -> Result<Customer, Error> {
        let customer = Customer {
            email: Some(format!("ada-{}@example.org", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())),
            full_name: Some("Ada Example".into()),
            tags: vec!["press".into()],
            address: Some(Address { city: Some("Wien".into()), country: Some("AT".into()), ..Default::default() }),
            ..Default::default()
        };
        let request = CreateCustomerRequest { customer: Some(customer), ..Default::default() };
        let created = self.customers.create_customer(request).await?.into_inner();
        println!("create: an id {}, credit limit {} by default", created.id() > 0, created.credit_limit());
        Ok(created)
    }

    async fn create_many(&mut self) -> Result<Vec<Product>, Error> {
        let requests = ["TWO-0001", "TWO-0002"].map(|sku| CreateProductRequest {
            product: Some(Product {
                sku: Some(sku.into()),
                name: Some("A thing".into()),
                price: Some("9.90".into()),
                ..Default::default()
            }),
            ..Default::default()
        });
        let request = BatchCreateProductsRequest { requests: requests.into(), ..Default::default() };
        let products = self.products.batch_create_products(request).await?.into_inner().products;
        let texts: Vec<_> = products.iter().map(|row| format!("{} costs {}", row.sku(), row.gross())).collect();
        println!("create many: {}", texts.join(", "));
        Ok(products)
    }

    async fn import_many(&mut self) -> Result<(), Error> {
        let messages = (0..4).map(|part| ImportProductsRequest {
            products: (part * 250..(part + 1) * 250)
                .map(|n| Product {
                    sku: Some(format!("IMP-{n:04}")),
                    name: Some(format!("Import {n}")),
                    price: Some("1.00".into()),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
        let done = self.products.import_products(tokio_stream::iter(messages)).await?.into_inner();
        println!("import: {} rows", done.affected);
        Ok(())
    }

    async fn update(&mut self, row: &Customer) -> Result<(), Error> {
        let change = |name: &str, id, etag: &str| Customer {
            id,
            full_name: Some(name.into()),
            etag: etag.into(),
            ..Default::default()
        };
        let request = UpdateCustomerRequest {
            customer: Some(change("Ada Changed", row.id, &row.etag)),
            update_mask: mask(&["full_name", "address"]),
            ..Default::default()
        };
        let updated = self.customers.update_customer(request).await?.into_inner();
        println!("update: {}, has an address {}", updated.full_name(), updated.address.is_some());

        // The row has changed since its etag was read.
        let request =
            UpdateCustomerRequest { customer: Some(change("Ada Again", row.id, &row.etag)), ..Default::default() };
        if let Err(status) = self.customers.update_customer(request).await {
            println!("update of what has changed: {} {}", name(status.code()), reason(&status));
        }
        let nobody = Customer { id: Some(-1), full_name: Some("Nobody".into()), ..Default::default() };
        let request = UpdateCustomerRequest { customer: Some(nobody), ..Default::default() };
        if let Err(status) = self.customers.update_customer(request).await {
            println!("update of nobody: {} {}", name(status.code()), reason(&status));
        }
        Ok(())
    }

    async fn update_where(&mut self, row: &Customer) -> Result<(), Error> {
        let request = UpdateCustomersWhereRequest {
            filter: format!(r#"id = {} AND email = "ada-*""#, row.id()),
            customer: Some(Customer { newsletter: Some(true), ..Default::default() }),
            max_affected: 1,
            ..Default::default()
        };
        let done = self.customers.update_customers_where(request).await?.into_inner();
        println!("update where: {} row", done.affected);
        Ok(())
    }

    async fn soft_delete(&mut self, row: &Customer) -> Result<(), Error> {
        let request = DeleteCustomerRequest { id: row.id, ..Default::default() };
        let deleted = self.customers.delete_customer(request).await?.into_inner();
        println!("soft delete: deleted_at is there {}", deleted.deleted_at.is_some());
        let request = UndeleteCustomerRequest { id: row.id, ..Default::default() };
        let restored = self.customers.undelete_customer(request).await?.into_inner();
        println!("undelete: deleted_at is there {}", restored.deleted_at.is_some());
        Ok(())
    }

    async fn delete(&mut self, products: &[Product]) -> Result<(), Error> {
        for row in products {
            self.products.delete_product(DeleteProductRequest { id: row.id, ..Default::default() }).await?;
        }
        let again = DeleteProductRequest { id: products[0].id, ..Default::default() };
        if let Err(status) = self.products.delete_product(again).await {
            println!("delete twice: {} {}", name(status.code()), reason(&status));
        }
        let request = DeleteProductsWhereRequest { filter: r#"sku = "IMP-*""#.into(), ..Default::default() };
        let done = self.products.delete_products_where(request).await?.into_inner();
        println!("delete where: {} rows", done.affected);
        Ok(())
    }

    async fn transact(&mut self) -> Result<Order, Error> {
        let order = Order { customer_id: Some(7), ..Default::default() };
        let line = OrderItem {
            line_no: Some(1),
            product_id: Some(12),
            quantity: Some(2),
            unit_price: Some("9.50".into()),
            ..Default::default()
        };
        let order_id = Binding { field: "order_item.order_id".into(), operation: 0, from: "id".into() };
        let request = TransactRequest {
            operations: vec![
                operation(&CreateOrderRequest { order: Some(order), ..Default::default() }, vec![])?,
                operation(&CreateOrderItemRequest { order_item: Some(line), ..Default::default() }, vec![order_id])?,
            ],
            max_attempts: 5,
            ..Default::default()
        };
        let done = self.transactions.transact(request).await?.into_inner();
        let stored: Order = done.responses[0].to_msg()?;
        let line: OrderItem = done.responses[1].to_msg()?;
        println!("transact: the line is of the order {}, amount {}", line.order_id() == stored.id(), line.amount());
        Ok(stored)
    }

    /// An open transaction. It is rolled back unless the commit was answered.
    async fn session(&mut self, order: &Order) -> Result<(), Error> {
        let mut session = Session::open(&mut self.transactions).await?;
        session.run(&GetOrderRequest { id: order.id, lock: "FOR UPDATE SKIP LOCKED".into(), ..Default::default() }).await?;
        self.deadline(order).await?;
        session.ask(session_request::Request::Savepoint("before".into())).await?;
        let line = DeleteOrderItemRequest { order_id: order.id, line_no: Some(9), ..Default::default() };
        if let session_response::Result::Error(error) = session.run(&line).await? {
            println!("session: an operation that fails: {}, aborted {}", name(Code::from(error.code)), error.aborted);
        }
        session.ask(session_request::Request::RollbackTo("before".into())).await?;
        let paid = Order { id: order.id, status: Some(OrderStatus::Paid.into()), ..Default::default() };
        let session_response::Result::Response(answer) =
            session.run(&UpdateOrderRequest { order: Some(paid), ..Default::default() }).await?
        else {
            return Err("the update failed".into());
        };
        let updated: Order = answer.to_msg()?;
        let committed = session.ask(session_request::Request::Commit(())).await?;
        let done = matches!(committed, session_response::Result::Done(()));
        println!("session: {}, committed {done}", updated.status().as_str_name());
        Ok(())
    }

    /// The row is locked, so that another one's update of it waits until its deadline.
    async fn deadline(&mut self, order: &Order) -> Result<(), Error> {
        let order = Order { id: order.id, note: Some("Too late".into()), ..Default::default() };
        let mut request = Request::new(UpdateOrderRequest { order: Some(order), ..Default::default() });
        request.set_timeout(Duration::from_millis(300));
        if let Err(status) = self.orders.update_order(request).await {
            // tonic's own clock says Cancelled where it is quicker than the server.
            let code = if status.code() == Code::Cancelled { Code::DeadlineExceeded } else { status.code() };
            println!("deadline: {}", name(code));
        }
        Ok(())
    }

    async fn errors(&mut self) -> Result<(), Error> {
        let again = Customer {
            email: Some("customer7@example.com".into()),
            full_name: Some("Ada Again".into()),
            ..Default::default()
        };
        let request = CreateCustomerRequest { customer: Some(again), ..Default::default() };
        if let Err(status) = self.customers.create_customer(request).await {
            let info = status.get_details_error_info().ok_or("no ErrorInfo")?;
            println!("error: {} {} {}", name(status.code()), info.reason, info.metadata["constraint"]);
        }
        let cup = Product {
            sku: Some("CUP-9999".into()),
            name: Some("A cup".into()),
            price: Some("five".into()),
            ..Default::default()
        };
        let request = CreateProductRequest { product: Some(cup), ..Default::default() };
        if let Err(status) = self.products.create_product(request).await {
            let bad = status.get_details_bad_request().ok_or("no BadRequest")?;
            println!("error: {} {}", name(status.code()), bad.field_violations[0].field);
        }
        Ok(())
    }
}

fn operation<M: Name>(request: &M, bindings: Vec<Binding>) -> Result<Operation, Error> {
    Ok(Operation { request: Some(Any::from_msg(request)?), bindings })
}

struct Session {
    requests: tokio::sync::mpsc::Sender<SessionRequest>,
    answers: Streaming<SessionResponse>,
}

impl Session {
    async fn open(transactions: &mut TransactionServiceClient<Connection>) -> Result<Self, Error> {
        let (requests, receiver) = tokio::sync::mpsc::channel(1);
        let options = TransactionOptions { isolation: Isolation::ReadCommitted.into(), ..Default::default() };
        requests.send(SessionRequest { request: Some(session_request::Request::Begin(options)) }).await?;
        let mut answers = transactions.session(ReceiverStream::new(receiver)).await?.into_inner();
        answers.message().await?;
        Ok(Session { requests, answers })
    }

    async fn ask(&mut self, request: session_request::Request) -> Result<session_response::Result, Error> {
        self.requests.send(SessionRequest { request: Some(request) }).await?;
        let answer = self.answers.message().await?.ok_or("the session has ended")?;
        answer.result.ok_or("an empty answer".into())
    }

    async fn run<M: Name>(&mut self, request: &M) -> Result<session_response::Result, Error> {
        self.ask(session_request::Request::Operation(operation(request, vec![])?)).await
    }
}

async fn without_token(address: &str, ca_file: Option<&str>) -> Result<(), Error> {
    let mut customers = CustomerServiceClient::new(connect(address, ca_file, None).await?);
    match customers.get_customer(GetCustomerRequest { id: Some(7), ..Default::default() }).await {
        Ok(_) => println!("without a token: answered"),
        Err(status) => println!("without a token: {} {}", name(status.code()), reason(&status)),
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let address = env::var("ADDRESS").unwrap_or("127.0.0.1:50051".into());
    let (ca_file, token) = (env::var("CA_FILE").ok(), env::var("TOKEN").ok());
    let mut shop = Shop::new(connect(&address, ca_file.as_deref(), token.as_deref()).await?);
    shop.read().await?;
    shop.pages().await?;
    shop.stream().await?;
    let created = shop.create().await?;
    let products = shop.create_many().await?;
    shop.import_many().await?;
    shop.update(&created).await?;
    shop.update_where(&created).await?;
    shop.soft_delete(&created).await?;
    shop.delete(&products).await?;
    let order = shop.transact().await?;
    shop.session(&order).await?;
    shop.errors().await?;
    without_token(&address, ca_file.as_deref()).await
}
