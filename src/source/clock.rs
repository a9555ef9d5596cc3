/*! The address of an AWS endpoint goes in; its time comes out, from the `Date` of an answer. The request is not
signed. */

use std::time::Duration;

/// Milliseconds since 1970: before and after the request, and the `Date` of the answer, which counts whole seconds.
#[derive(Debug, Clone, Copy)]
pub struct ClockReading {
    pub before: i64,
    pub after: i64,
    pub theirs: i64,
}

impl ClockReading {
    /// Milliseconds by which the clock of this machine is ahead, at the least: the way of the answer and the fraction
    /// of its second are unknown.
    pub fn ahead(self) -> i64 {
        let (least, most) = (self.before - self.theirs - 999, self.after - self.theirs);
        match (least > 0, most < 0) {
            (true, _) => least,
            (_, true) => most,
            _ => 0,
        }
    }
}

/// Why an endpoint has not told its time.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ClockError(String);

/// Asks once. Any answer has a `Date`, also a refusal.
pub async fn read(url: &str, timeout: Duration) -> Result<ClockReading, ClockError> {
    let failed = |error: reqwest::Error| {
        let error: &dyn std::error::Error = &error;
        ClockError(crate::source::aws_errors::innermost(error))
    };
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .build()
        .map_err(failed)?;
    let before = jiff::Timestamp::now().as_millisecond();
    let answer = client.get(url).send().await.map_err(failed)?;
    let after = jiff::Timestamp::now().as_millisecond();
    let date = answer
        .headers()
        .get("date")
        .and_then(|date| date.to_str().ok());
    let date = date.ok_or_else(|| ClockError("the answer has no Date".to_owned()))?;
    let theirs = jiff::fmt::rfc2822::parse(date)
        .map_err(|error| ClockError(format!("Date {date:?}: {error}")))?;
    Ok(ClockReading {
        before,
        after,
        theirs: theirs.timestamp().as_millisecond(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// An endpoint that refuses the request, as SQS refuses one without a signature.
    async fn endpoint(head: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let n = connection.read(&mut asked).await.unwrap();
            let answer = format!("HTTP/1.1 403 Forbidden\r\n{head}content-length: 0\r\n\r\n");
            connection.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..n]).to_lowercase()
        });
        (url, answering)
    }

    #[tokio::test]
    async fn a_refusal_tells_the_time_and_no_credentials_are_sent() {
        let (url, asked) = endpoint("date: Sat, 28 Nov 2020 07:06:45 GMT\r\n").await;
        let reading = read(&url, Duration::from_secs(5)).await.unwrap();
        assert_eq!(reading.theirs, 1_606_547_205_000);
        assert!(reading.ahead() > 5 * 365 * 24 * 3600 * 1000);
        let asked = asked.await.unwrap();
        assert!(
            asked.starts_with("get / ") && !asked.contains("authorization"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn an_answer_without_a_time_is_an_error() {
        for (head, reason) in [("", "no Date"), ("date: soon\r\n", "soon")] {
            let (url, _asked) = endpoint(head).await;
            let error = read(&url, Duration::from_secs(5))
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
