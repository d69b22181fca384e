//! Numbers about numbers.

/// A count, for arithmetic.
#[expect(
    clippy::cast_precision_loss,
    reason = "nothing here is counted to 2^52"
)]
pub fn float(count: usize) -> f64 {
    count as f64
}

/// Microseconds as milliseconds.
pub fn millis(micros: u64) -> f64 {
    float(usize::try_from(micros).unwrap_or(usize::MAX)) / 1000.0
}

/// The value that the `percent`th part of the sample does not exceed.
pub fn percentile(sample: &[f64], percent: usize) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
