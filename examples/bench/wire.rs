//! HTTP/1.1 by hand: the load must cost less than what it measures, or it measures itself.

use crate::Result;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, from either end.
pub struct Wire {
    socket: TcpStream,
    input: Vec<u8>,
    /// Where the part of `input` that is not used yet begins.
    at: usize,
}

/// How a body is delimited, and how far it was read.
enum Body {
    Bytes(usize),
    ChunkSize,
    Chunk(usize),
    ChunkEnd,
    Trailer,
    Over,
}

/// A response whose body comes in pieces.
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    body: Body,
}

impl Wire {
    /// Connects to a server.
    pub async fn connect(addr: SocketAddr) -> Result<Self> {
        Self::over(TcpStream::connect(addr).await?)
    }

    /// Takes a connection over.
    pub fn over(socket: TcpStream) -> Result<Self> {
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            input: Vec::new(),
            at: 0,
        })
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.socket.write_all(bytes).await?)
    }

    /// Reads a head, up to its blank line; none when the other end hung up before it.
    pub async fn head(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(end) = find(self.unread(), b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.unread()[..end]).into_owned();
                self.at += end + 4;
                return Ok(Some(head));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Reads so many bytes.
    pub async fn exactly(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.unread().len() < count {
            if !self.fill().await? {
                return Err("the connection ended in a body".into());
            }
        }
        let bytes = self.unread()[..count].to_vec();
        self.at += count;
        Ok(bytes)
    }

    /// Sends a request and reads the head of the response.
    pub async fn ask(&mut self, request: &str) -> Result<Reply> {
        self.send(request.as_bytes()).await?;
        let head = self.head().await?.ok_or("no response")?;
        let status = head.get(9..12).and_then(|code| code.parse().ok());
        let chunked = header(&head, "transfer-encoding").is_some_and(|kind| kind == "chunked");
        let length = header(&head, "content-length").and_then(|length| length.parse().ok());
        Ok(Reply {
            status: status.ok_or("no status")?,
            body: match length {
                _ if chunked => Body::ChunkSize,
                Some(length) => Body::Bytes(length),
                None => Body::Over,
            },
            head,
        })
    }

    /// Appends what has arrived of the body to `out`, waiting for it if need be. Answers whether more can follow.
    pub async fn piece(&mut self, reply: &mut Reply, out: &mut Vec<u8>) -> Result<bool> {
        let before = out.len();
        loop {
            self.decode(&mut reply.body, out)?;
            if matches!(reply.body, Body::Over) {
                return Ok(false);
            }
            if out.len() > before {
                return Ok(true);
            }
            if !self.fill().await? {
                return Err("the connection ended in a body".into());
            }
        }
    }

    /// Reads the whole body.
    pub async fn whole(&mut self, reply: &mut Reply) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        while self.piece(reply, &mut out).await? {}
        Ok(out)
    }

    fn decode(&mut self, body: &mut Body, out: &mut Vec<u8>) -> Result<()> {
        loop {
            let unread = &self.input[self.at..];
            match *body {
                Body::Bytes(0) => *body = Body::Over,
                Body::Bytes(left) | Body::Chunk(left) => {
                    let taken = left.min(unread.len());
                    out.extend_from_slice(&unread[..taken]);
                    self.at += taken;
                    let left = left - taken;
                    *body = match *body {
                        Body::Bytes(_) => Body::Bytes(left),
                        _ if left == 0 => Body::ChunkEnd,
                        _ => Body::Chunk(left),
                    };
                    if left > 0 {
                        return Ok(());
                    }
                }
                Body::ChunkSize => {
                    let Some(end) = find(unread, b"\r\n") else {
                        return Ok(());
                    };
                    let size = usize::from_str_radix(std::str::from_utf8(&unread[..end])?, 16)?;
                    self.at += end + 2;
                    *body = if size == 0 {
                        Body::Trailer
                    } else {
                        Body::Chunk(size)
                    };
                }
                Body::ChunkEnd | Body::Trailer if unread.len() < 2 => return Ok(()),
                Body::ChunkEnd => {
                    self.at += 2;
                    *body = Body::ChunkSize;
                }
                Body::Trailer => {
                    self.at += 2;
                    *body = Body::Over;
                }
                Body::Over => return Ok(()),
            }
        }
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.at..]
    }

    async fn fill(&mut self) -> Result<bool> {
        if self.at > 0 {
            self.input.drain(..self.at);
            self.at = 0;
        }
        self.input.reserve(4096);
        Ok(self.socket.read_buf(&mut self.input).await? > 0)
    }
}

/// Where `needle` begins in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

/// A header of a head, by its name in lower case.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
