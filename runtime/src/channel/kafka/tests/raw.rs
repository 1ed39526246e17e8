//! One record written by hand over the wire: header names of any bytes, which no library of ours would send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// The oldest produce request that has records with headers, and that brokers still take.
const PRODUCE: (i16, i16) = (0, 3);
const ALL_REPLICAS: i16 = -1;
const TIMEOUT_MS: i32 = 10_000;
const NONE: i32 = -1;

pub(super) type Header<'a> = (&'a [u8], Option<&'a [u8]>);

/// Writes one record without a key to partition 0. Blocks.
pub(super) fn produce(broker: &str, topic: &str, headers: &[Header<'_>], value: &[u8]) {
    let mut broker = TcpStream::connect(broker).unwrap();
    let request = request(topic, &batch(&record(headers, value)));
    broker.write_all(&prefixed(&request)).unwrap();

    let mut length = [0; 4];
    broker.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    broker.read_exact(&mut answer).unwrap();
    // Correlation, one topic and its name, one partition and its number; then the error.
    let error = 4 + 4 + 2 + topic.len() + 4 + 4;
    assert_eq!(answer[error..error + 2], [0, 0], "the broker refused it: {answer:?}");
}

fn request(topic: &str, batch: &[u8]) -> Vec<u8> {
    let (key, version) = PRODUCE;
    let no_text = (-1_i16).to_be_bytes();
    let (correlation, one, partition) = (7_i32.to_be_bytes(), 1_i32.to_be_bytes(), 0_i32.to_be_bytes());
    let mut request = [key.to_be_bytes(), version.to_be_bytes()].concat();
    request.extend(correlation);
    request.extend([no_text, no_text, ALL_REPLICAS.to_be_bytes()].concat());
    request.extend(TIMEOUT_MS.to_be_bytes());
    request.extend(one);
    request.extend((topic.len() as i16).to_be_bytes());
    request.extend(topic.as_bytes());
    request.extend([one, partition].concat());
    request.extend(prefixed(batch));
    request
}

/// A batch of one record, format 2, neither compressed nor in a transaction.
fn batch(record: &[u8]) -> Vec<u8> {
    let now_ms = jiff::Timestamp::now().as_millisecond().to_be_bytes();
    // Attributes and the last record's number, both 0.
    let mut checked = vec![0; 2 + 4];
    checked.extend([now_ms, now_ms].concat());
    // No producer: its id, epoch and sequence.
    checked.extend([0xff; 8 + 2 + 4]);
    checked.extend(1_i32.to_be_bytes());
    checked.extend(record);

    let mut rest = NONE.to_be_bytes().to_vec();
    rest.push(2);
    rest.extend(crc32c::crc32c(&checked).to_be_bytes());
    rest.extend(checked);
    // The broker gives the offset.
    [&[0; 8][..], &prefixed(&rest)].concat()
}

fn record(headers: &[Header<'_>], value: &[u8]) -> Vec<u8> {
    // Attributes, and the distances to the batch's time and offset.
    let mut record = vec![0; 3];
    nullable(&mut record, None);
    nullable(&mut record, Some(value));
    varint(&mut record, headers.len() as i64);
    for &(name, value) in headers {
        nullable(&mut record, Some(name));
        nullable(&mut record, value);
    }
    let mut sized = Vec::new();
    varint(&mut sized, record.len() as i64);
    sized.extend(record);
    sized
}

fn nullable(to: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(to, bytes.map_or(-1, |bytes| bytes.len() as i64));
    to.extend(bytes.unwrap_or_default());
}

/// Zigzag, seven bits a byte, the lowest first.
fn varint(to: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest > 0x7f {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as i32).to_be_bytes()[..], bytes].concat()
}
