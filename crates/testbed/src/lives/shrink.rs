//! Shrinks a life that fails to a shorter one that fails in the same way.

use super::{
    act::Life,
    player::{Failed, play},
    readings,
};
use crate::world::Lag;

/// Returns the shortest life found that fails in the same way, and its failure.
pub fn shrink(life: Life, failed: Failed) -> (Life, Failed) {
    let kind = failed.kind();
    let mut best = (life, failed);
    let attempt = |life: Life, best: &mut (Life, Failed)| match play(&life) {
        Err(failed) if failed.kind() == kind => {
            *best = (life, failed);
            true
        }
        _ => false,
    };
    let mut shorter = true;
    while shorter {
        shorter = false;
        let mut size = best.0.acts.len().div_ceil(2).max(1);
        loop {
            let mut at = 0;
            while at < best.0.acts.len() {
                let mut life = best.0.clone();
                life.acts.drain(at..(at + size).min(life.acts.len()));
                if attempt(life, &mut best) {
                    shorter = true;
                } else {
                    at += size;
                }
            }
            if size == 1 {
                break;
            }
            size = size.div_ceil(2);
        }
        let simpler: [fn(&mut Life); 8] = [
            |life| life.operators = 1,
            |life| life.lag = Lag::None,
            |life| life.travel = false,
            |life| life.skew = 0,
            |life| life.quick_connects = false,
            |life| life.delete_orphans = false,
            |life| life.sweeps = false,
            |life| life.guard = false,
        ];
        for rules in readings::simpler(&best.0.rules) {
            let life = Life { rules, ..best.0.clone() };
            if attempt(life, &mut best) {
                shorter = true;
                break;
            }
        }
        for simplify in simpler {
            let mut life = best.0.clone();
            simplify(&mut life);
            if life.to_string() != best.0.to_string() {
                shorter |= attempt(life, &mut best);
            }
        }
    }
    best
}
