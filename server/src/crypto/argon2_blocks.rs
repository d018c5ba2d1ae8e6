//! The memory that Argon2id fills. A hash takes 19 MiB; asking the system for them at each one leaves
//! the allocator with freed pieces between others, and the process several times as large as what it
//! uses. So there is one piece for each hash that may run, kept and filled again.

use std::sync::{Mutex, PoisonError};

use argon2::Block;
use zeroize::Zeroize as _;

/// Pieces of memory that no hash is using.
#[derive(Debug)]
pub(super) struct Blocks {
    idle: Mutex<Vec<Vec<Block>>>,
    /// Blocks of one piece; a hash with other parameters gets one of its own.
    count: usize,
}

impl Blocks {
    /// Pieces for hashes that fill `count` blocks of 1 KiB; each is made when it is first needed.
    pub(super) const fn new(count: usize) -> Self {
        Self { idle: Mutex::new(Vec::new()), count }
    }

    /// Runs `work` on `count` blocks that nobody else is using, and wipes what it leaves in them.
    pub(super) fn with<T>(&self, count: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let kept = if count == self.count { self.idle().pop() } else { None };
        let mut blocks = kept.unwrap_or_else(|| vec![Block::new(); count]);
        let result = work(&mut blocks);
        blocks.iter_mut().zeroize();
        if count == self.count {
            self.idle().push(blocks);
        }
        result
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        // Nobody panics between two lines that leave the list whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_wiped_and_used_again() {
        let blocks = Blocks::new(4);
        let first = blocks.with(4, |memory| {
            memory[3] = Block::new();
            for block in memory.iter_mut() {
                block.as_mut().fill(7);
            }
            memory.as_ptr()
        });
        blocks.with(4, |memory| {
            assert_eq!(memory.as_ptr(), first);
            assert!(memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        });
        blocks.with(9, |memory| assert_eq!(memory.len(), 9));
        assert_eq!(blocks.idle().len(), 1, "a piece of another size is not kept");
    }
}
