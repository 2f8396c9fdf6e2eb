//! The binary.
fn main() {
    let crd = serde_saphyr::to_string(&connect_operator::api::crd()).unwrap();
    println!("{crd}");
}
