#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
pub trait Series<T>: Clone {
    const LIMIT: u64;
    type Item;
    async fn wait(&self);
    fn generic<V: Copy>(&self, value: V);
    fn hidden(&self, value: impl Copy);
    fn bounded(&self)
    where
        Self: Sized;
    fn same(&self, other: Self) -> Self;
    #[cfg(unix)]
    fn sometimes(&self);
}

fn main() {}
