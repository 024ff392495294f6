using BeBiDa.Site;

namespace BeBiDa.Bench.Tests;

public class FigureSpecs
{
    [TestCase(new[] { 3.0, 1, 2 }, 2)]
    [TestCase(new[] { 4.0, 1, 2, 3 }, 2.5)]
    [TestCase(new[] { 7.0 }, 7)]
    [TestCase(new[] { 1.0, 1, 1, 1000 }, 1)]
    public void A_median_is_the_value_in_the_middle_whatever_the_order(double[] values, double median) =>
        Assert.That(Of(values).Median, Is.EqualTo(median));

    [Test]
    public void A_p99_counts_the_slowest_of_a_hundred_out_but_not_two()
    {
        Assert.That(Of([.. Enumerable.Repeat(1.0, 100), 50]).P99, Is.EqualTo(1));
        Assert.That(Of([.. Enumerable.Repeat(1.0, 99), 50, 60]).P99, Is.EqualTo(50));
        Assert.That(Of(1, 50).P99, Is.EqualTo(50));
    }

    [Test]
    public void A_median_is_the_more_certain_the_less_values_differ_and_the_more_there_are()
    {
        Assert.That(Of(3, 3, 3).Uncertainty, Is.Zero);
        Assert.That(Of(1, 2, 3, 4, 5, 6, 7, 8, 9).Uncertainty, Is.EqualTo(1.57 * 4 / 3).Within(1e-9));
    }

    [Test]
    public void What_is_lost_in_the_noise_counts_as_the_most_that_it_may_be()
    {
        var cost = new HandOverCost(Nobody: Of(1, 1.1, 1.2), Plugin: Of(0.9, 1, 1.1), Scripts: Of(3, 3.1, 3.2));
        Assert.That(cost.AddedByPlugin, Is.Negative);
        Assert.That(cost.MostAddedByPlugin, Is.EqualTo(cost.Uncertainty).And.Positive);
        Assert.That(cost.LeastAddedByScripts, Is.LessThan(cost.AddedByScripts).And.Positive);
    }

    [Test]
    public void Nothing_measured_has_no_median() => Assert.That(() => new Samples().Median, Throws.InvalidOperationException);

    [TestCase(0.00312, "3.1 ms")]
    [TestCase(0.0996, "100 ms")]
    [TestCase(0.64, "640 ms")]
    [TestCase(0.9996, "1.00 s")]
    [TestCase(2.034, "2.03 s")]
    [TestCase(84.26, "84.3 s")]
    [TestCase(560.2, "560 s")]
    [TestCase(-0.0016, "-1.6 ms")]
    public void A_time_is_written_with_three_digits_at_most(double seconds, string written) =>
        Assert.That(Figures.Time(seconds), Is.EqualTo(written));

    [TestCase(0.972, "0.97")]
    [TestCase(1.996, "2.0")]
    [TestCase(9.96, "10")]
    [TestCase(212.4, "212")]
    public void A_ratio_is_written_with_what_matters_of_it(double ratio, string written) =>
        Assert.That(Figures.Ratio(ratio), Is.EqualTo(written));

    [TestCase(812, "812 B")]
    [TestCase(67_400, "67.4 kB")]
    [TestCase(11_400_000, "11.4 MB")]
    public void Bytes_are_written_by_thousands(double bytes, string written) => Assert.That(Figures.Bytes(bytes), Is.EqualTo(written));

    private static Samples Of(params double[] values)
    {
        var samples = new Samples();
        foreach (var value in values)
            samples.Add(value);
        return samples;
    }
}
