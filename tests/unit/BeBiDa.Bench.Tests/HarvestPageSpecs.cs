using System.Xml.Linq;
using BeBiDa.Harvest.Page;
using BeBiDa.Harvest.Replay;

namespace BeBiDa.Bench.Tests;

public sealed class HarvestPageSpecs
{
    [Test]
    public void The_page_has_a_row_for_each_replay_and_names_the_one_that_looks_worst()
    {
        var settings = new ReplaySettings(Nodes: 8, Days: 0.3, Seeds: [1]);
        var (cells, foreseen) = (ReplayCell.All(settings, null).ToList(), ForeseenCell.All(settings, null).ToList());
        var page = HarvestPage.Write([], cells, foreseen, []);
        foreach (var cell in cells)
            Assert.That(page, Does.Contain($"| {cell.Workload}, {Duration.Format(cell.Pods)} | "));
        foreach (var cell in foreseen)
            Assert.That(
                page,
                Does.Contain(
                    $"| {cell.Workload}, {Duration.Format(cell.Pods)} | {Duration.Format(cell.Lead)} | {(cell.Asks ? "yes" : "no")} | "
                )
            );
        var worst = cells.MinBy(cell => cell.Runs[0].Figures.PodTime * cell.Runs[0].Figures.Useful)!;
        Assert.That(page, Does.Contain($"worst for **{worst.Workload}** with pods of {Duration.Format(worst.Pods)}"));
        Assert.That(page, Does.Contain("Not measured yet."));
    }

    [Test]
    public void Every_cell_has_jobs_and_each_of_its_runs_a_file_of_its_own()
    {
        foreach (var cell in NamedCell.All)
        {
            Assert.That(cell.Runs.Select(run => cell.Jobs(cell.Options(run)).Count), Has.All.GreaterThan(5), cell.Name);
            Assert.That(cell.Runs.Select(cell.File), Is.Unique);
        }
    }

    [Test]
    public void A_picture_has_every_bar_where_its_row_and_its_time_are()
    {
        var picture = XElement.Parse(new RowPicture("Rows & bars", "", 2, 100, [("one", "#111111")]).Draw([new Bar(1, 0, 50, 100)]));
        var bar = picture.Elements().Last();
        Assert.That(((double)bar.Attribute("x")!, (double)bar.Attribute("width")!), Is.EqualTo((500.0, 472.0)));
        Assert.That((double)bar.Attribute("y")!, Is.EqualTo(132));
    }

    [Test]
    public void A_spread_is_the_median_and_the_range()
    {
        Assert.That(Spread.Of([3, 1, 2]).Show("0", " %"), Is.EqualTo("2 % (1 to 3)"));
        Assert.That(Spread.Of([1, 2]).Show("0.0"), Is.EqualTo("1.5 (1.0 to 2.0)"));
        Assert.That(Spread.Of([2, 2]).Show("0"), Is.EqualTo("2"));
    }
}
