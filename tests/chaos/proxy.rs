/*! A TCP proxy that breaks connections. */

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the proxy treats connections, including open ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// The port is closed and open connections are reset, as if the server had stopped.
    Refuse,
    /// An answer is cut after this many bytes.
    Cut(u64),
    /// No bytes are forwarded until the mode changes.
    Stall,
    /// Connections are reset at the next byte in either direction.
    Reset,
    /// Requests are forwarded and answers are not: the server does the work, and the client does not learn of it.
    Swallow,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Pass => "pass",
            Mode::Refuse => "refuse",
            Mode::Cut(_) => "cut",
            Mode::Stall => "stall",
            Mode::Reset => "reset",
            Mode::Swallow => "swallow",
        }
    }
}

pub struct Proxy {
    /// The length in bytes of the longest answers of the server.
    pub longest_answer: u64,
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    /// The number of faults that affected a connection.
    hits: watch::Sender<u64>,
    by_name: Mutex<BTreeMap<&'static str, u64>>,
    /// The number of forwarded chunks.
    passed: watch::Sender<u64>,
}

impl Shared {
    fn hit(&self, mode: Mode) {
        *self.by_name.lock().unwrap().entry(mode.name()).or_default() += 1;
        self.hits.send_modify(|n| *n += 1);
    }
}

impl Proxy {
    /// A proxy in front of the server at `url`.
    pub async fn before(url: &str, longest_answer: u64) -> Self {
        let upstream = url.trim_start_matches("http://").trim_end_matches('/');
        let listener = free_listener().await;
        let address = listener.local_addr().unwrap();
        let (mode, modes) = watch::channel(Mode::Pass);
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            hits: watch::Sender::new(0),
            by_name: Mutex::default(),
            passed: watch::Sender::new(0),
        });
        tokio::spawn(listen(listener, modes, shared.clone()));
        Self {
            longest_answer,
            address,
            mode,
            shared,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// The number of faults that affected a connection so far.
    pub fn count(&self) -> u64 {
        *self.shared.hits.borrow()
    }

    /// Waits until `enough` faults affected a connection, for at most this long.
    pub async fn counted(&self, enough: u64, at_most: Duration) {
        reach(&self.shared.hits, enough, at_most).await;
    }

    /// Waits until `more` further chunks were forwarded, for at most this long.
    pub async fn passed(&self, more: u64, at_most: Duration) {
        let enough = *self.shared.passed.borrow() + more;
        reach(&self.shared.passed, enough, at_most).await;
    }

    /// Hits by mode.
    pub fn hits(&self) -> BTreeMap<&'static str, u64> {
        self.shared.by_name.lock().unwrap().clone()
    }
}

async fn reach(count: &watch::Sender<u64>, enough: u64, at_most: Duration) {
    let mut count = count.subscribe();
    // Reaching the time limit is no error.
    let _ = tokio::time::timeout(at_most, count.wait_for(|n| *n >= enough)).await;
}

/// A listener on a port below the ephemeral ports, so that the port can be closed and opened again.
async fn free_listener() -> TcpListener {
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], fastrand::u16(12_000..32_000)));
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
    }
}

async fn listen(listener: TcpListener, mut modes: watch::Receiver<Mode>, shared: Arc<Shared>) {
    let address = listener.local_addr().unwrap();
    let mut listening = Some(listener);
    loop {
        let refuse = *modes.borrow_and_update() == Mode::Refuse;
        if refuse {
            listening = None;
        } else if listening.is_none() {
            listening = Some(TcpListener::bind(address).await.expect("the port is ours"));
        }
        let accept = async {
            match &listening {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accept => if let Ok((client, _)) = accepted {
                let connection = Connection { modes: modes.clone(), shared: shared.clone(), answered: 0 };
                tokio::spawn(async move {
                    // Errors of a connection are seen by its two ends.
                    let _ = connection.carry(client).await;
                });
            },
            changed = modes.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

struct Connection {
    modes: watch::Receiver<Mode>,
    shared: Arc<Shared>,
    /// Bytes of answers since the mode last changed.
    answered: u64,
}

/// The treatment of a chunk.
enum Fate {
    Pass,
    /// Forward this many bytes, then close the connection.
    End(usize),
    Reset,
}

impl Connection {
    async fn carry(mut self, mut client: TcpStream) -> io::Result<()> {
        let mut server = TcpStream::connect(&self.shared.upstream).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (mut asked, mut answer) = (vec![0; 16 << 10], vec![0; 16 << 10]);
        loop {
            let (n, answers) = tokio::select! {
                changed = self.modes.changed() => {
                    changed.map_err(io::Error::other)?;
                    self.answered = 0;
                    if *self.modes.borrow() == Mode::Refuse {
                        self.shared.hit(Mode::Refuse);
                        return client.set_zero_linger();
                    }
                    continue;
                }
                n = client.read(&mut asked) => (n?, false),
                n = server.read(&mut answer) => (n?, true),
            };
            if n == 0 {
                return Ok(());
            }
            let fate = self.fate(answers, n).await;
            let (bytes, to) = match answers {
                true => (&answer[..n], &mut client),
                false => (&asked[..n], &mut server),
            };
            match fate {
                Fate::Pass => {
                    to.write_all(bytes).await?;
                    self.shared.passed.send_modify(|n| *n += 1);
                }
                Fate::End(rest) => {
                    to.write_all(&bytes[..rest]).await?;
                    return to.shutdown().await;
                }
                Fate::Reset => return client.set_zero_linger(),
            }
        }
    }

    /// The treatment of the next `n` bytes of a request or an answer.
    async fn fate(&mut self, answers: bool, n: usize) -> Fate {
        let mut stalled = false;
        loop {
            let mode = *self.modes.borrow_and_update();
            if stalled && mode != Mode::Stall {
                self.answered = 0;
            }
            let fate = match mode {
                Mode::Pass => return Fate::Pass,
                Mode::Refuse | Mode::Reset => Fate::Reset,
                Mode::Swallow if answers => Fate::End(0),
                Mode::Cut(after) if answers => {
                    self.answered += n as u64;
                    if self.answered <= after {
                        return Fate::Pass;
                    }
                    Fate::End(n - (self.answered - after) as usize)
                }
                Mode::Swallow | Mode::Cut(_) => return Fate::Pass,
                Mode::Stall => {
                    if !stalled {
                        self.shared.hit(mode);
                    }
                    stalled = true;
                    if self.modes.changed().await.is_err() {
                        return Fate::Reset;
                    }
                    continue;
                }
            };
            self.shared.hit(mode);
            return fate;
        }
    }
}
