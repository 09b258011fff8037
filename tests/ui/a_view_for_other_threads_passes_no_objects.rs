use interbind::{Detached, Object, Threads};

#[interbind::interface(name = "org.frame.Series", version = "1.0.0")]
trait Series {
    fn len(&self) -> u64;
    fn each(&self, function: &Object);
    fn first(&self) -> Option<Object>;
}

interbind::module! { name = "stats", consumes = [dyn Series ^1] }

fn attached(series: &Foreign<dyn Series>, function: &Object) -> Result<(), interbind::Error> {
    length(series)?;
    series.each(function)
}

fn checked(view: Detached<dyn Series>, function: &Object) -> Result<(), interbind::Error> {
    Detached::checked(view).each(function)
}

fn detached(view: Detached<dyn Series>, function: &Object) -> Result<(), interbind::Error> {
    length(&view)?;
    view.each(function)?;
    view.first()?;
    Ok(())
}

fn length<P: Threads>(series: &SeriesHandle<P>) -> Result<u64, interbind::Error> {
    series.len()
}

fn whatever<P: Threads>(series: &SeriesHandle<P>, function: &Object) -> Result<(), interbind::Error> {
    series.each(function)
}

fn main() {}
