/*!
The usage of an invocation and a dated price table go in; an estimated cost in US dollars comes out.

The estimate takes the on-demand price of the first tier. It leaves out the free tier, savings plans, provisioned
concurrency and storage. Billed durations come from REPORT lines: they include the init phase where Lambda bills it (for
all functions since 2025-08-01) and the billed part of a restore.
*/

use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde::Deserialize;

use crate::time::calendar::DAY_MS;

/// The built-in table, in the format of [`Prices::parse`].
const TABLE: &str = include_str!("prices.json");

/// Processor architecture that functions run on. It is configured, because logs do not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Architecture {
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    #[serde(rename = "arm64")]
    Arm,
}

impl Architecture {
    /// Lambda's own spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86 => "x86_64",
            Architecture::Arm => "arm64",
        }
    }

    /// The architecture in the name of a price, such as `arm64/eu-central-1/2025-08`.
    pub fn of_price(price: &str) -> Option<Architecture> {
        let name = price.split('/').next()?;
        [Architecture::X86, Architecture::Arm]
            .into_iter()
            .find(|architecture| architecture.as_str() == name)
    }
}

/// Reasons to refuse a price table.
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

/// A validated price table, reduced to one architecture.
#[derive(Debug, Clone)]
pub struct Prices {
    architecture: Architecture,
    /// Rows of `architecture`, the latest first.
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    /// Milliseconds since 1970.
    since: i64,
    /// Year and month of `since`: `2025-08`.
    month: String,
    /// Regions of the price; empty: every region that no other row names.
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
    /// The table that is compiled in.
    pub fn builtin(architecture: Architecture) -> Prices {
        Prices::parse(TABLE, architecture).expect("the built-in table is tested")
    }

    /**
    Reads a table: `{"prices":[{"since":"2025-08-01","architecture":"arm64","regions":["af-south-1"],
    "gb_second_usd":0.00001768,"request_usd":2.7e-7}, …]}`. A row without `regions` holds for all other regions.

    Returns an error for malformed JSON, an empty table, a bad date or price, and a table without a row of
    `architecture` that holds for all regions.
    */
    pub fn parse(json: &str, architecture: Architecture) -> Result<Prices, PriceError> {
        let table: RawTable = serde_json::from_str(json)?;
        if table.prices.is_empty() {
            return Err(PriceError::Empty);
        }
        let mut rows = Vec::new();
        for (index, raw) in table.prices.into_iter().enumerate() {
            let is_wanted = raw.architecture == architecture;
            let row = Row::of(index + 1, raw)?;
            if is_wanted {
                rows.push(row);
            }
        }
        if !rows.iter().any(|row| row.regions.is_empty()) {
            return Err(PriceError::NoDefault(architecture.as_str()));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.since));
        Ok(Prices { architecture, rows })
    }

    /// Cost of a usage; `None` if `start` lies outside the range of timestamps.
    pub(crate) fn cost<'a>(&'a self, usage: &Usage<'a>) -> Option<Cost<'a>> {
        Timestamp::from_millisecond(usage.start).ok()?;
        let row = self.row(usage.region, usage.start)?;
        let seconds = usage.billed_ms / 1000.0;
        let usd = seconds * usage.memory_mb / 1024.0 * row.gb_second_usd
            + usage.attempts as f64 * row.request_usd;
        Some(Cost {
            // Digits beyond a trillionth are noise of the arithmetic.
            usd: (usd * 1e12).round() / 1e12,
            architecture: self.architecture.as_str(),
            region: usage.region.unwrap_or("any-region"),
            since: &row.month,
        })
    }

    /// The GB-seconds that cost as much as one request, by the latest common price.
    pub fn gb_seconds_of_a_request(&self) -> f64 {
        let common = self.rows.iter().find(|row| row.regions.is_empty());
        common.map_or(0.0, |row| match row.gb_second_usd {
            0.0 => 0.0,
            gb_second_usd => row.request_usd / gb_second_usd,
        })
    }

    /// The row in force at a time: the region's own row, else the common row. Times before the first common row take
    /// it.
    fn row(&self, region: Option<&str>, at: i64) -> Option<&Row> {
        let regional_row = |region| {
            let mut rows = self.rows.iter().filter(|row| row.since <= at);
            rows.find(|row| row.regions.iter().any(|own| own == region))
        };
        let mut common = self.rows.iter().filter(|row| row.regions.is_empty());
        (region.and_then(regional_row))
            .or_else(|| common.clone().find(|row| row.since <= at))
            .or_else(|| common.next_back())
    }
}

impl Row {
    /// Validates a row; `row` is its number in error messages, from 1.
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

/// An estimated cost and the price behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost<'a> {
    /// US dollars.
    pub usd: f64,
    pub architecture: &'static str,
    /// The usage's region, else `any-region`.
    pub region: &'a str,
    /// Month in which the price came into force, for example `2025-08`.
    pub since: &'a str,
}

/// The billed quantities of an invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage<'a> {
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

    /// The cost and the price's name, as documents show them.
    fn cost_of(prices: &Prices, usage: &Usage<'_>) -> Option<(f64, String)> {
        let cost = prices.cost(usage)?;
        let price = format!("{}/{}/{}", cost.architecture, cost.region, cost.since);
        Some((cost.usd, price))
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
    fn a_request_costs_as_much_as_some_gb_seconds() {
        let seconds = |architecture| Prices::builtin(architecture).gb_seconds_of_a_request();
        assert!((seconds(Architecture::X86) - 0.012).abs() < 1e-6);
        assert!((seconds(Architecture::Arm) - 0.015).abs() < 1e-6);
        let free = COMMON.replace(":2,", ":0,");
        let prices = Prices::parse(&table(&free), Architecture::X86).expect("it is right");
        assert_eq!(prices.gb_seconds_of_a_request(), 0.0);
    }

    #[test]
    fn the_name_of_a_price_tells_its_architecture() {
        let architecture = Architecture::of_price;
        assert_eq!(
            architecture("arm64/any-region/2025-08"),
            Some(Architecture::Arm)
        );
        assert_eq!(
            architecture("x86_64/eu-central-1/2025-08"),
            Some(Architecture::X86)
        );
        assert_eq!(architecture("mips/any-region/2025-08"), None);
    }

    #[test]
    fn every_attempt_is_a_request() {
        let prices = Prices::parse(&table(COMMON), Architecture::X86).expect("it is right");
        let usage = second(None, START);
        let cost = |attempts| cost_of(&prices, &Usage { attempts, ..usage });
        assert_eq!(cost(3), Some((5.0, "x86_64/any-region/2026-01".to_owned())));
    }

    #[test]
    fn a_wrong_table_is_refused_with_the_reason() {
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
