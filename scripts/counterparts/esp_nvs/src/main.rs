//! Runs operations on the image of an NVS partition through esp-nvs. Commands come as lines on stdin, each is answered
//! on stdout by lines that end with "ok", "absent", "full", "too-long" or "error TEXT".
//! tests/counterparts/store_operations.cpp does the same through nvsafe; names and values are hexadecimal, - is empty:
//!
//!   open FILE [purge]        loads the image and mounts it
//!   set SPACE KEY TYPE VALUE
//!   erase SPACE KEY
//!   get SPACE KEY TYPE       answers with an item line
//!   list                     answers with a line "item SPACE KEY TYPE VALUE" for each
//!   save FILE                writes the image as it is in flash now

mod flash;

use std::io::{BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};

use esp_nvs::error::{Error, ItemType};
use esp_nvs::{Get, Key, Nvs};
use flash::Flash;

enum Failure {
    Engine(Error),
    Usage(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Engine(error)
    }
}

fn usage<T>(text: &str) -> Result<T, Failure> {
    Err(Failure::Usage(text.to_string()))
}

fn describe(result: Result<(), Failure>) -> String {
    match result {
        Ok(()) => "ok".to_string(),
        Err(Failure::Engine(Error::FlashFull | Error::TooManyNamespaces)) => "full".to_string(),
        Err(Failure::Engine(Error::ValueTooLong)) => "too-long".to_string(),
        Err(Failure::Engine(Error::KeyNotFound | Error::NamespaceNotFound)) => "absent".to_string(),
        Err(Failure::Engine(error)) => format!("error {error:?}"),
        Err(Failure::Usage(text)) => format!("error {text}"),
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>, Failure> {
    if text == "-" {
        return Ok(Vec::new());
    }
    if text.len() % 2 != 0 || !text.is_ascii() {
        return usage("not hexadecimal");
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).or_else(|_| usage("not hexadecimal")))
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if bytes.is_empty() {
        return "-".to_string();
    }
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn key_of(hex: &str) -> Result<Key, Failure> {
    Ok(Key::from_slice(&from_hex(hex)?))
}

fn name_of(key: &Key) -> String {
    let bytes = key.as_bytes();
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    to_hex(&bytes[..end])
}

// Numbers little-endian, strings without their NUL.
fn value_of(nvs: &mut Nvs<Flash>, space: &Key, key: &Key, kind: &str) -> Result<Vec<u8>, Failure> {
    macro_rules! number {
        ($type:ty) => {
            nvs.get::<$type>(space, key)?.to_le_bytes().to_vec()
        };
    }
    Ok(match kind {
        "u8" => number!(u8),
        "i8" => number!(i8),
        "u16" => number!(u16),
        "i16" => number!(i16),
        "u32" => number!(u32),
        "i32" => number!(i32),
        "u64" => number!(u64),
        "i64" => number!(i64),
        "string" => Get::<String>::get(nvs, space, key)?.into_bytes(),
        "blob" => Get::<Vec<u8>>::get(nvs, space, key)?,
        _ => return usage("no such type"),
    })
}

fn kind_of(item_type: ItemType) -> Result<&'static str, Failure> {
    Ok(match item_type {
        ItemType::U8 => "u8",
        ItemType::I8 => "i8",
        ItemType::U16 => "u16",
        ItemType::I16 => "i16",
        ItemType::U32 => "u32",
        ItemType::I32 => "i32",
        ItemType::U64 => "u64",
        ItemType::I64 => "i64",
        ItemType::Sized => "string",
        ItemType::Blob | ItemType::BlobIndex => "blob",
        ItemType::BlobData | ItemType::Any => return usage(&format!("listed as {item_type:?}")),
    })
}

fn set_value(nvs: &mut Nvs<Flash>, space: &Key, key: &Key, kind: &str, value: &[u8]) -> Result<(), Failure> {
    macro_rules! number {
        ($type:ty) => {
            match value.try_into() {
                Ok(bytes) => nvs.set(space, key, <$type>::from_le_bytes(bytes))?,
                Err(_) => return usage("wrong size of a number"),
            }
        };
    }
    match kind {
        "u8" => number!(u8),
        "i8" => number!(i8),
        "u16" => number!(u16),
        "i16" => number!(i16),
        "u32" => number!(u32),
        "i32" => number!(i32),
        "u64" => number!(u64),
        "i64" => number!(i64),
        "string" => match std::str::from_utf8(value) {
            Ok(text) => nvs.set(space, key, text)?,
            Err(_) => return usage("a string that is not UTF-8"),
        },
        "blob" => nvs.set(space, key, value)?,
        _ => return usage("no such type"),
    }
    Ok(())
}

fn mount(bytes: Vec<u8>) -> Result<Nvs<Flash>, Failure> {
    Ok(Nvs::new(0, bytes.len(), Flash { bytes })?)
}

#[derive(Default)]
struct Session {
    nvs: Option<Nvs<Flash>>,
}

impl Session {
    fn run(&mut self, words: &[&str], out: &mut Vec<u8>) -> Result<(), Failure> {
        if let ["open", path, rest @ ..] = words {
            self.nvs = None;
            let bytes = std::fs::read(path).map_err(|error| Failure::Usage(error.to_string()))?;
            let mut nvs = mount(bytes)?;
            nvs.set_purge_mode(rest == ["purge"]);
            self.nvs = Some(nvs);
            return Ok(());
        }
        let Some(nvs) = self.nvs.as_mut() else { return usage("nothing is open") };
        match words {
            ["set", space, key, kind, value] => {
                set_value(nvs, &key_of(space)?, &key_of(key)?, kind, &from_hex(value)?)?;
            }
            ["erase", space, key] => nvs.delete(&key_of(space)?, &key_of(key)?)?,
            ["get", space, key, kind] => {
                let value = value_of(nvs, &key_of(space)?, &key_of(key)?, kind)?;
                let _ = writeln!(out, "item {space} {key} {kind} {}", to_hex(&value));
            }
            ["list"] => {
                let entries: Vec<_> = nvs.typed_entries().collect::<Result<_, _>>()?;
                for (space, key, item_type) in entries {
                    let kind = kind_of(item_type)?;
                    let value = value_of(nvs, &space, &key, kind)?;
                    let _ = writeln!(out, "item {} {} {kind} {}", name_of(&space), name_of(&key), to_hex(&value));
                }
            }
            ["save", path] => {
                let Some(nvs) = self.nvs.take() else { return usage("nothing is open") };
                let bytes = nvs.into_inner().bytes;
                std::fs::write(path, bytes).map_err(|error| Failure::Usage(error.to_string()))?;
            }
            _ => return usage("no such command"),
        }
        Ok(())
    }
}

fn main() -> std::io::Result<()> {
    let mut session = Session::default();
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let mut out = Vec::new();
        let end = match catch_unwind(AssertUnwindSafe(|| session.run(&words, &mut out))) {
            Ok(result) => describe(result),
            Err(_) => {
                // What it was doing is not known.
                session = Session::default();
                "error panic".to_string()
            }
        };
        writeln!(out, "{end}")?;
        stdout.write_all(&out)?;
        stdout.flush()?;
    }
    Ok(())
}
