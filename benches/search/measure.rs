/*! Questions go in; the time that each takes comes out: in this process, as the answer's documents are there, and as
the whole process of `logferry search`, with what it prints. */

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fastrand::Rng;
use jiff::Timestamp;
use logferry::search::reading::{LOG_FIELDS, SUMMARY_AND_LINE_FIELDS, SUMMARY_EXCLUDES};
use logferry::search::{
    Order, Pages, Question, RequestLines, SearchClient, SourceFields, View,
    find_requests_with_lines, list,
};
use logferry::sink::opensearch::{Auth, OpenSearch, OpenSearchConfig, Tls};
use tokio_util::sync::CancellationToken;

use crate::days::Sample;
use crate::node::Node;
use crate::questions::{Asked, Kind, questions};
use crate::{Options, PREFIX};

/// Questions of each kind that warm the node, and whose times do not count.
const WARM_UPS: usize = 150;
/// Questions of each kind that are asked right after the caches were emptied.
const COLD: usize = 50;

pub async fn run(options: &Options, node: &Node, samples: &[Sample]) -> Result<()> {
    let client = client(node).await?;
    let mut rng = Rng::with_seed(1);
    println!("ms: median, 95th percentile, worst; hits: median");
    let mut slow = Vec::new();
    let mut rest = Vec::new();
    for kind in Kind::ALL {
        let count = 1 + WARM_UPS + COLD + 2 * options.questions;
        rest.push((kind, questions(kind, samples, count, &mut rng)));
    }
    for (kind, asked) in &mut rest {
        let first = measure(&client, asked.split_off(asked.len() - 1)).await?;
        println!("{}: first after the node's start {first}", kind.as_str());
    }
    for (_, asked) in &mut rest {
        measure(&client, asked.split_off(asked.len() - WARM_UPS)).await?;
    }
    for (kind, mut asked) in rest {
        let name = kind.as_str();
        let mut cold = Times::default();
        for asked in asked.split_off(asked.len() - COLD) {
            node.clear_caches().await?;
            cold.extend(measure(&client, vec![asked]).await?);
        }
        println!("{name}: caches emptied {cold}");
        let processes = asked.split_off(options.questions);
        let warm = measure(&client, asked).await?;
        println!(
            "{name}: warm {warm}, wanted 95 % within {} ms",
            kind.target()
        );
        let whole = measure_processes(options, node, &processes)?;
        println!("{name}: whole process {whole}");
        if warm.percentile(0.95) > kind.target() {
            slow.push(name);
        }
    }
    ensure!(slow.is_empty(), "slower than wanted: {slow:?}");
    Ok(())
}

async fn client(node: &Node) -> Result<SearchClient> {
    let config = OpenSearchConfig {
        urls: vec![node.url().parse()?],
        auth: Auth::None,
        tls: Tls::default(),
    };
    let opensearch = OpenSearch::new(config, Duration::from_secs(60)).await?;
    Ok(SearchClient::new(
        opensearch,
        PREFIX.to_owned(),
        CancellationToken::new(),
    ))
}

#[derive(Default)]
struct Times {
    milliseconds: Vec<f64>,
    hits: Vec<usize>,
}

impl Times {
    fn extend(&mut self, more: Self) {
        self.milliseconds.extend(more.milliseconds);
        self.hits.extend(more.hits);
    }

    fn percentile(&self, part: f64) -> f64 {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() as f64 * part).ceil() as usize;
        sorted
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or(f64::NAN)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, most, worst] = [0.5, 0.95, 1.0].map(|part| self.percentile(part));
        write!(
            f,
            "{median:.1}, {most:.1}, {worst:.1} ms of {}",
            self.milliseconds.len()
        )?;
        let mut hits = self.hits.clone();
        hits.sort_unstable();
        match hits.get(hits.len() / 2) {
            Some(median) => write!(f, "; {median} hits"),
            None => Ok(()),
        }
    }
}

async fn measure(client: &SearchClient, asked: Vec<Asked>) -> Result<Times> {
    let mut times = Times::default();
    for Asked { question, flags } in asked {
        let start = Instant::now();
        let hits = answer(client, &question).await?;
        times.milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        times.hits.push(hits);
        ensure!(
            hits > 0 || question.errors || question.text.is_some(),
            "{flags:?} finds nothing"
        );
    }
    Ok(times)
}

/// Asks as `search` does; returns the number of documents.
async fn answer(client: &SearchClient, question: &Question) -> Result<usize> {
    let now = Timestamp::now();
    let mut hits = 0;
    if question.view == View::Timeline {
        let fields = SourceFields::Except {
            includes: &SUMMARY_AND_LINE_FIELDS,
            excludes: &SUMMARY_EXCLUDES,
        };
        let found = find_requests_with_lines(client, question, now, 200, fields).await?;
        for request in found.requests {
            hits += request.summaries.len();
            let summaries = request.summaries.iter();
            let summaries: Result<Vec<_>, _> = summaries.map(|hit| hit.document()).collect();
            let summaries = summaries?;
            let lines = RequestLines::new(client, &request, &summaries)?;
            let mut pages = lines.pages(client, SourceFields::Only(&LOG_FIELDS), None);
            while let Some(lines) = pages.next().await? {
                hits += lines.len();
            }
            pages.close().await;
        }
        return Ok(hits);
    }
    let query = list(question, now, Order::NewestFirst);
    let fields = SourceFields::Only(&LOG_FIELDS);
    read(Pages::new(client, query, fields, question.limit).with_total()).await
}

async fn read(mut pages: Pages<'_>) -> Result<usize> {
    let mut hits = 0;
    while let Some(page) = pages.next().await? {
        hits += page.hits.len();
    }
    pages.close().await;
    Ok(hits)
}

fn measure_processes(options: &Options, node: &Node, asked: &[Asked]) -> Result<Times> {
    let mut times = Times::default();
    for Asked { flags, .. } in asked {
        let mut search = Command::new(&options.logferry);
        search
            .arg("search")
            .args(flags)
            .env("LOGFERRY_OPENSEARCH_URL", node.url())
            .env("LOGFERRY_INDEX_PREFIX", PREFIX)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let start = Instant::now();
        let status = search.status()?;
        times.milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        ensure!(status.success(), "search {flags:?} fails: {status}");
    }
    Ok(times)
}
