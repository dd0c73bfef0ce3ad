//! A partition in memory with the rules of NOR flash: a write that would set a bit is refused, not carried out in part.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use esp_nvs::platform::{software_crc32, Crc};

const WORD_SIZE: usize = 4;
const SECTOR_SIZE: usize = 4096;

#[derive(Debug)]
pub enum Refusal {
    NotAligned,
    OutOfBounds,
    SetsBit,
}

impl NorFlashError for Refusal {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Refusal::NotAligned => NorFlashErrorKind::NotAligned,
            Refusal::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Refusal::SetsBit => NorFlashErrorKind::Other,
        }
    }
}

pub struct Flash {
    pub bytes: Vec<u8>,
}

impl Flash {
    fn check(&self, offset: usize, size: usize, alignment: usize) -> Result<(), Refusal> {
        if offset % alignment != 0 || size % alignment != 0 {
            return Err(Refusal::NotAligned);
        }
        match offset.checked_add(size) {
            Some(end) if end <= self.bytes.len() => Ok(()),
            _ => Err(Refusal::OutOfBounds),
        }
    }
}

impl ErrorType for Flash {
    type Error = Refusal;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = WORD_SIZE;

    fn read(&mut self, offset: u32, out: &mut [u8]) -> Result<(), Refusal> {
        let start = offset as usize;
        self.check(start, out.len(), WORD_SIZE)?;
        out.copy_from_slice(&self.bytes[start..start + out.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_SIZE;
    const ERASE_SIZE: usize = SECTOR_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refusal> {
        let (start, end) = (from as usize, to as usize);
        if end < start {
            return Err(Refusal::OutOfBounds);
        }
        self.check(start, end - start, SECTOR_SIZE)?;
        self.bytes[start..end].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, data: &[u8]) -> Result<(), Refusal> {
        let start = offset as usize;
        self.check(start, data.len(), WORD_SIZE)?;
        let target = &mut self.bytes[start..start + data.len()];
        if target.iter().zip(data).any(|(old, new)| !old & new != 0) {
            return Err(Refusal::SetsBit);
        }
        target.copy_from_slice(data);
        Ok(())
    }
}

impl Crc for Flash {
    fn crc32(init: u32, data: &[u8]) -> u32 {
        software_crc32(init, data)
    }
}
