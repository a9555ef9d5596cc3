/*! A random generator goes in; log messages come out. They have the shapes of real functions' lines, each with its own
ids, numbers and words. */

use std::fmt::Write;

use fastrand::Rng;

use super::{hex, uuid};

/// Words of free text; words at the front occur more often.
const WORDS: [&str; 96] = [
    "order",
    "payment",
    "customer",
    "the",
    "for",
    "received",
    "processed",
    "cache",
    "with",
    "from",
    "queue",
    "message",
    "item",
    "invoice",
    "to",
    "status",
    "response",
    "request",
    "is",
    "of",
    "table",
    "query",
    "took",
    "user",
    "session",
    "token",
    "not",
    "found",
    "batch",
    "records",
    "written",
    "stream",
    "miss",
    "hit",
    "retrying",
    "rendering",
    "pages",
    "upstream",
    "validated",
    "schema",
    "version",
    "loading",
    "configuration",
    "sending",
    "notification",
    "refreshed",
    "in",
    "on",
    "and",
    "shipment",
    "address",
    "was",
    "updated",
    "skipping",
    "already",
    "exists",
    "starting",
    "finished",
    "handler",
    "connection",
    "pool",
    "closed",
    "opened",
    "timeout",
    "after",
    "attempt",
    "feature",
    "flag",
    "enabled",
    "disabled",
    "tenant",
    "region",
    "failed",
    "falling",
    "back",
    "default",
    "value",
    "missing",
    "optional",
    "header",
    "discount",
    "applied",
    "warehouse",
    "stock",
    "reserved",
    "released",
    "currency",
    "converted",
    "rate",
    "template",
    "email",
    "queued",
    "webhook",
    "delivered",
    "signature",
    "checked",
];
const PATHS: [&str; 8] = [
    "/v1/orders",
    "/v1/orders/search",
    "/v2/customers",
    "/v1/invoices",
    "/v1/stock/reservations",
    "/v2/sessions",
    "/internal/health",
    "/v1/shipments",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
];
const TABLES: [&str; 4] = [
    "orders-prod",
    "customers-prod",
    "sessions-prod",
    "stock-prod",
];

/// Appends the message of one line, without a line break.
pub fn say(rng: &mut Rng, out: &mut String) {
    let (n, took) = (number(rng), rng.u32(1..900));
    _ = match rng.u8(0..100) {
        0..30 => {
            let words = 4 + rng.usize(0..12);
            sentence(rng, words, out);
            Ok(())
        }
        30..40 => write!(
            out,
            "{} {}/{n}?page={}&expand=items,customer 200 {took}ms {}b \"{}\"",
            ["GET", "GET", "POST", "PUT"][rng.usize(0..4)],
            PATHS[skewed(rng, PATHS.len())],
            rng.u8(1..20),
            rng.u32(200..60_000),
            AGENTS[skewed(rng, AGENTS.len())],
        ),
        40..50 => write!(
            out,
            "Processing order {n} for customer {}: {} items, total {}.{:02} EUR",
            number(rng),
            rng.u8(1..12),
            rng.u16(3..900),
            rng.u8(0..100)
        ),
        50..57 => write!(
            out,
            "Query on table {} took {took} ms: {} items, {}.5 capacity units, lastKey={{\"pk\":\"CUSTOMER#{}\",\"sk\":\"ORDER#{n}\"}}",
            TABLES[skewed(rng, TABLES.len())],
            rng.u8(0..50),
            rng.u8(0..20),
            number(rng)
        ),
        57..64 => write!(
            out,
            "Received message {} from arn:aws:sqs:eu-central-1:123456789012:orders-prod, attempt {}",
            uuid(rng),
            rng.u8(1..4)
        ),
        64..71 => write!(
            out,
            "cache {} for key session:{n}:{} in {took} ms, loading from table {}",
            if rng.bool() { "miss" } else { "hit" },
            rng.u8(0..30),
            TABLES[skewed(rng, TABLES.len())]
        ),
        71..77 => write!(
            out,
            "Calling https://api.payments.example.com/v2/charges/ch_{}/capture with idempotency key {n}",
            hex(rng, 12)
        ),
        77..82 => write!(
            out,
            "Uploaded s3://invoices-prod-eu-central-1/invoices/2026/11/{n}.pdf ({} bytes)",
            rng.u32(8_000..400_000)
        ),
        82..86 => write!(
            out,
            "Retrying in {took} ms after ThrottlingException: Rate exceeded (Service: DynamoDb, Status Code: 400, Request ID: {})",
            hex(rng, 26).to_uppercase()
        ),
        86..90 => write!(
            out,
            "Published order-events#{} to arn:aws:sns:eu-central-1:123456789012:order-events in {took} ms",
            uuid(rng)
        ),
        90..93 => gateway_event(rng, out),
        _ => {
            out.push_str(
                [
                    "done",
                    "Handler finished",
                    "connection pool warm",
                    "nothing to do, queue is empty",
                ][rng.usize(0..4)],
            );
            Ok(())
        }
    };
}

/// Appends the whole invocation event, which many functions log first.
fn gateway_event(rng: &mut Rng, out: &mut String) -> std::fmt::Result {
    let path = PATHS[skewed(rng, PATHS.len())];
    write!(
        out,
        r#"event: {{"version":"2.0","routeKey":"ANY {path}","rawPath":"{path}/{}","rawQueryString":"page={}","headers":{{"accept":"application/json","content-length":"{}","host":"api.example.com","user-agent":"{}","x-amzn-trace-id":"Root=1-{}-{}","x-forwarded-for":"10.{}.{}.{}"}},"requestContext":{{"accountId":"123456789012","apiId":"a1b2c3d4e5","stage":"prod","requestId":"{}="}},"isBase64Encoded":false}}"#,
        number(rng),
        rng.u8(1..20),
        rng.u16(0..9_000),
        AGENTS[skewed(rng, AGENTS.len())],
        hex(rng, 4),
        hex(rng, 12),
        rng.u8(..),
        rng.u8(..),
        rng.u8(..),
        hex(rng, 7)
    )
}

/// Appends `words` words.
pub fn sentence(rng: &mut Rng, words: usize, out: &mut String) {
    for word in 0..words {
        if word > 0 {
            out.push(' ');
        }
        match rng.u8(0..14) {
            0 => _ = write!(out, "{}", number(rng)),
            _ => out.push_str(WORDS[skewed(rng, WORDS.len())]),
        }
    }
}

/// Appends Node's stack trace without its first line.
pub fn node_stack(rng: &mut Rng, out: &mut String) {
    for file in [
        "TLSSocket.onend (node:internal/tls",
        "onceWrapper (node:events",
        "emit (node:events",
    ] {
        _ = write!(
            out,
            "\n    at {file}:{}:{})",
            rng.u16(20..900),
            rng.u8(5..40)
        );
    }
    for _ in 0..rng.usize(2..7) {
        let module = ["payments", "orders", "client", "index", "retry"][rng.usize(0..5)];
        _ = write!(
            out,
            "\n    at async {module}.call (/var/task/node_modules/@shop/{module}/dist/{module}.js:{}:{})",
            rng.u16(10..400),
            rng.u8(5..60)
        );
    }
    out.push_str("\n    at async Runtime.handler (/var/task/index.js:12:5)");
}

/// Appends a Python traceback in the format of Lambda's runtime: `\r` ends a line, U+00A0 indents it.
pub fn traceback(rng: &mut Rng, out: &mut String) {
    out.push_str("Traceback (most recent call last):\r");
    for _ in 0..rng.usize(2..7) {
        let module = [
            "app",
            "orders/load",
            "orders/store",
            "shared/http",
            "shared/retry",
        ][rng.usize(0..5)];
        let statement = [
            "return load(event[\"customer\"])",
            "response = client.get(url, timeout=3)",
            "return self.call(*args, **kwargs)",
        ][rng.usize(0..3)];
        _ = write!(
            out,
            "\u{a0}\u{a0}File \"/var/task/{module}.py\", line {}, in {}\r\u{a0}\u{a0}\u{a0}\u{a0}{statement}\r",
            rng.u16(5..400),
            ["handler", "load", "call", "wrapper"][rng.usize(0..4)]
        );
    }
    out.pop();
}

/// Number of an order or a customer; some numbers repeat often.
pub fn number(rng: &mut Rng) -> u32 {
    let of = if rng.u8(0..3) > 0 { 300 } else { 90_000 };
    4_200_000 + rng.u32(0..of)
}

/// An index below `len`; low ones are more frequent.
fn skewed(rng: &mut Rng, len: usize) -> usize {
    let (a, b) = (rng.usize(0..len), rng.usize(0..len));
    a.min(b)
}
