//! Server-sent events, read: bytes in, messages out.

/// One message: what it is about, and an object in JSON.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) data: String,
}

/// What was read and is no whole message yet.
#[derive(Debug, Default)]
pub(super) struct Reading {
    line: Vec<u8>,
    message: Message,
}

impl Reading {
    /// The messages that are whole with these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            messages.extend(self.take(&String::from_utf8_lossy(&line)));
        }
        self.line.extend_from_slice(rest);
        messages
    }

    /// An empty line ends a message; what begins with a colon is only a sign of life.
    fn take(&mut self, line: &str) -> Option<Message> {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.message.topic = value.to_owned(),
            "data" => self.message.data.push_str(value),
            "" if line.is_empty() => {
                return Some(std::mem::take(&mut self.message)).filter(|message| !message.data.is_empty());
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_however_they_come() {
        let text = b":\n\nevent: events\ndata: {\"a\":1}\n\nevent: gap\ndata: {}\n\nevent: cut";
        let expected = [("events", "{\"a\":1}"), ("gap", "{}")]
            .map(|(topic, data)| Message { topic: topic.into(), data: data.into() });
        assert_eq!(Reading::default().push(text), expected);
        let mut reading = Reading::default();
        let by_byte: Vec<_> = text.iter().flat_map(|byte| reading.push(&[*byte])).collect();
        assert_eq!(by_byte, expected);
    }
}
