/*!
What an invocation costs, by a dated price table: an estimate. On demand, first tier, without free tier, savings plans,
provisioned concurrency and storage. Billed durations are what REPORT states: they hold the init phase where it is billed
(for all functions since 2025-08-01) and the billed part of a restore.
*/

use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde::Deserialize;

use crate::document::time::DAY_MS;

/// Prices of the table's own, in the form that [`Prices::parse`] takes.
const TABLE: &str = include_str!("prices.json");

/// Processor that functions run on; logs do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Architecture {
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    #[serde(rename = "arm64")]
    Arm,
}

impl Architecture {
    /// As Lambda writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86 => "x86_64",
            Architecture::Arm => "arm64",
        }
    }
}

/// Why a price table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    #[error("price table is not as expected: {0}")]
    Form(#[from] serde_json::Error),
    #[error("price table is empty")]
    Empty,
    #[error("price {row}: since {since:?} is not a date such as 2025-08-01")]
    Since { row: usize, since: String },
    #[error("price {row}: {field} is not a price: {value}")]
    Price {
        row: usize,
        field: &'static str,
        value: f64,
    },
    #[error("no price for {0} holds for all regions: give one without regions")]
    NoDefault(&'static str),
}

/// A validated price table and the architecture that it is read for.
#[derive(Debug, Clone)]
pub struct Prices {
    architecture: Architecture,
    /// Of one architecture, the latest first.
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    /// Milliseconds since 1970.
    since: i64,
    /// Year and month of that: `2025-08`.
    month: String,
    /// Where it holds; empty: wherever no other row does.
    regions: Vec<String>,
    gb_second_usd: f64,
    request_usd: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    prices: Vec<RawRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    since: String,
    architecture: Architecture,
    #[serde(default)]
    regions: Vec<String>,
    gb_second_usd: f64,
    request_usd: f64,
}

impl Prices {
    /// The table that comes with this version.
    pub fn builtin(architecture: Architecture) -> Prices {
        Prices::parse(TABLE, architecture).expect("the built-in table is tested")
    }

    /**
    Reads a table: `{"prices":[{"since":"2025-08-01","architecture":"arm64","regions":["af-south-1"],
    "gb_second_usd":0.00001768,"request_usd":2.7e-7}, …]}`. A row without `regions` holds for all others.
    */
    pub fn parse(json: &str, architecture: Architecture) -> Result<Prices, PriceError> {
        let table: RawTable = serde_json::from_str(json)?;
        if table.prices.is_empty() {
            return Err(PriceError::Empty);
        }
        let mut rows = Vec::new();
        for (at, raw) in table.prices.into_iter().enumerate() {
            let of_ours = raw.architecture == architecture;
            let row = Row::of(at + 1, raw)?;
            if of_ours {
                rows.push(row);
            }
        }
        if !rows.iter().any(|row| row.regions.is_empty()) {
            return Err(PriceError::NoDefault(architecture.as_str()));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.since));
        Ok(Prices { architecture, rows })
    }

    pub(super) fn cost<'a>(&'a self, of: &Usage<'a>) -> Option<Cost<'a>> {
        Timestamp::from_millisecond(of.start).ok()?;
        let row = self.row(of.region, of.start)?;
        let seconds = of.billed_ms / 1000.0;
        let usd = seconds * of.memory_mb / 1024.0 * row.gb_second_usd
            + of.attempts as f64 * row.request_usd;
        Some(Cost {
            // What is beyond a trillionth is noise of the arithmetic.
            usd: (usd * 1e12).round() / 1e12,
            architecture: self.architecture.as_str(),
            place: of.region.unwrap_or("any-region"),
            since: &row.month,
        })
    }

    /// The row in force at a time: the region's own, else the common one; before the first, the first.
    fn row(&self, region: Option<&str>, at: i64) -> Option<&Row> {
        let of_region = |region| {
            let mut rows = self.rows.iter().filter(|row| row.since <= at);
            rows.find(|row| row.regions.iter().any(|own| own == region))
        };
        let mut common = self.rows.iter().filter(|row| row.regions.is_empty());
        (region.and_then(of_region))
            .or_else(|| common.clone().find(|row| row.since <= at))
            .or_else(|| common.next_back())
    }
}

impl Row {
    fn of(row: usize, raw: RawRow) -> Result<Row, PriceError> {
        let checked = |field, value: f64| {
            if value.is_finite() && value >= 0.0 {
                Ok(value)
            } else {
                Err(PriceError::Price { row, field, value })
            }
        };
        let since: Date = match raw.since.parse() {
            Ok(since) => since,
            Err(_) => {
                let since = raw.since;
                return Err(PriceError::Since { row, since });
            }
        };
        let days = since.duration_since(date(1970, 1, 1)).as_hours() / 24;
        Ok(Row {
            since: days * DAY_MS,
            month: format!("{}-{:02}", since.year(), since.month()),
            gb_second_usd: checked("gb_second_usd", raw.gb_second_usd)?,
            request_usd: checked("request_usd", raw.request_usd)?,
            regions: raw.regions,
        })
    }
}

/// What it comes to, and by which price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost<'a> {
    /// US dollars.
    pub usd: f64,
    pub architecture: &'static str,
    pub place: &'a str,
    /// Such as `2025-08`.
    pub since: &'a str,
}

/// What is paid for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage<'a> {
    pub region: Option<&'a str>,
    /// Milliseconds since 1970.
    pub start: i64,
    pub billed_ms: f64,
    pub memory_mb: f64,
    pub attempts: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-10-08.
    const START: i64 = 20_734 * DAY_MS;

    fn second(region: Option<&str>, start: i64) -> Usage<'_> {
        Usage {
            region,
            start,
            billed_ms: 1000.0,
            memory_mb: 1024.0,
            attempts: 1,
        }
    }

    /// The cost and what it is by, as documents show it.
    fn cost_of(prices: &Prices, of: &Usage<'_>) -> Option<(f64, String)> {
        let cost = prices.cost(of)?;
        let by = format!("{}/{}/{}", cost.architecture, cost.place, cost.since);
        Some((cost.usd, by))
    }

    fn error(json: &str) -> String {
        let parsed = Prices::parse(json, Architecture::X86);
        parsed.expect_err("the table is wrong").to_string()
    }

    fn table(rows: &str) -> String {
        format!(r#"{{"prices":[{rows}]}}"#)
    }

    const COMMON: &str =
        r#"{"since":"2026-01-01","architecture":"x86_64","gb_second_usd":2,"request_usd":1}"#;

    #[test]
    fn builtin_prices_go_by_region_architecture_and_date() {
        let cost = |architecture, region, start| {
            let cost = cost_of(&Prices::builtin(architecture), &second(region, start));
            cost.expect("there is a price for any time")
        };
        let x86 = Architecture::X86;
        let (usd, price) = cost(x86, Some("us-east-1"), START);
        assert_eq!(
            (usd, &*price),
            (0.000_016_866_7, "x86_64/us-east-1/2025-08")
        );
        let (usd, price) = cost(Architecture::Arm, Some("af-south-1"), START);
        assert_eq!((usd, &*price), (0.000_017_95, "arm64/af-south-1/2025-08"));
        assert_eq!(cost(x86, None, START).1, "x86_64/any-region/2025-08");
        assert_eq!(
            cost(x86, None, 20_301 * DAY_MS).1,
            "x86_64/any-region/2025-08"
        );
        assert_eq!(
            cost(x86, None, 20_301 * DAY_MS - 1).1,
            "x86_64/any-region/2020-12"
        );
        assert_eq!(cost(x86, None, 0).1, "x86_64/any-region/2020-12");
    }

    #[test]
    fn every_attempt_is_a_request() {
        let prices = Prices::parse(&table(COMMON), Architecture::X86).expect("it is right");
        let usage = second(None, START);
        let cost = |attempts| cost_of(&prices, &Usage { attempts, ..usage });
        assert_eq!(cost(3), Some((5.0, "x86_64/any-region/2026-01".to_owned())));
    }

    #[test]
    fn a_table_that_is_wrong_says_what_is() {
        assert!(error("[]").starts_with("price table is not as expected"));
        assert!(error(r#"{"prices":[],"x":1}"#).contains("unknown field `x`"));
        assert_eq!(error(r#"{"prices":[]}"#), "price table is empty");
        let wrong = |from, to| error(&table(&format!("{COMMON},{}", COMMON.replace(from, to))));
        assert!(wrong("2026-01-01", "soon").starts_with("price 2: since \"soon\" is not a date"));
        assert!(wrong("x86_64", "mips").contains("unknown variant `mips`"));
        assert!(wrong(":2", ":-2").starts_with("price 2: gb_second_usd is not a price: -2"));
        assert!(wrong("request_usd", "requests").contains("requests"));
        let elsewhere = COMMON.replace("{", r#"{"regions":["eu-west-1"],"#);
        assert!(error(&table(&elsewhere)).starts_with("no price for x86_64 holds for all regions"));
    }
}
