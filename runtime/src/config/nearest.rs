//! Did you mean: the known word nearest to one that is not known.

/// The nearest of the words, if one is near enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips_max = (wanted.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| (distance(&wanted.to_lowercase(), &word.to_lowercase()), word))
        .filter(|&(slips, _)| slips <= slips_max)
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, word)| word)
}

/// How many characters to insert, leave out, replace or swap with their neighbour make one from the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before_last[j - 2] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_does_not() {
        let keys = ["concurrency", "idle", "max", "timeout"];
        let check =
            |wanted: &str, expected: Option<&str>| assert_eq!(nearest(wanted, keys), expected, "{wanted}");
        check("concurency", Some("concurrency"));
        check("Idle", Some("idle"));
        check("ilde", Some("idle"));
        check("mx", Some("max"));
        check("tiemuot", Some("timeout"));
        check("isolation", None);
        check("m", None);
    }
}
