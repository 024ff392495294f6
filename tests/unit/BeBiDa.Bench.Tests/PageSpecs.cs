using System.Xml.Linq;

namespace BeBiDa.Bench.Tests;

public class PageSpecs
{
    [Test]
    public void A_missed_target_is_named_as_missed_with_what_holds_it_back()
    {
        var section = new Section { Name = "some", Title = "Some jobs" };
        section.Claim("jobs a second", "at least 10", "12", met: true, why: "never shown");
        section.Claim("nodes a second", "at least 10", "8", met: false, why: "the server is slow");
        section.Table(
            ["nodes", "time"],
            [
                ["1", "2 ms"],
            ]
        );
        var page = Document.Write(["one machine"], [section], "## What was tried\nMuch.\n", plot: false);
        Assert.That(
            page,
            Does.Contain("| jobs a second | at least 10 | 12 | met |")
                .And.Contain("| nodes a second | at least 10 | 8 | **missed** |")
                .And.Contain("- Missed: nodes a second: the server is slow.")
                .And.Contain("| nodes | time |\n|---|---:|\n| 1 | 2 ms |\n")
                .And.Not.Contain("never shown")
        );
    }

    [Test]
    public void A_result_that_is_kept_is_read_as_it_was_written()
    {
        var file = Path.GetTempFileName();
        try
        {
            var section = new Section
            {
                Name = "some",
                Title = "Some jobs",
                Circumstances = "at night",
            };
            section.Text("Words.");
            section.Claim("a", "b", "c", met: false, why: "d");
            section.Curves.Add(new Curve("ours", "BeBiDa", 0, [new CurvePoint(8, 0.5)]));
            section.Save(file);
            var read = Section.Load(file)!;
            Assert.That(
                (read.Name, read.Title, read.Circumstances, read.Targets[0], read.Curves[0].Points[0]),
                Is.EqualTo((section.Name, section.Title, section.Circumstances, section.Targets[0], section.Curves[0].Points[0]))
            );
            Assert.That(read.Lines, Is.EqualTo(section.Lines));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void The_plot_has_a_line_for_each_curve_that_goes_up_where_times_do_and_stays_on_the_picture()
    {
        var svg = XDocument.Parse(
            Plot.Draw(
                "A title",
                [
                    new Curve("BeBiDa, 0 pods", "BeBiDa", 0, [new CurvePoint(1, 0.004), new CurvePoint(1000, 0.9)]),
                    new Curve("scripts, 0 pods", "scripts", 0, [new CurvePoint(1, 0.16)]),
                    new Curve("one kubectl, 30 pods", "one kubectl", 30, []),
                ]
            )
        );
        var lines = svg.Descendants().Where(e => e.Name.LocalName == "polyline").Select(e => Points(e.Attribute("points")!.Value)).ToList();
        Assert.That(lines.Select(l => l.Length), Is.EqualTo(new[] { 2, 1 }));
        Assert.That(lines[0][1].X, Is.GreaterThan(lines[0][0].X));
        Assert.That(lines[0][1].Y, Is.LessThan(lines[0][0].Y), "later is higher, and SVG counts downwards");
        Assert.That(lines[1][0].X, Is.EqualTo(lines[0][0].X), "both are of one node");
        Assert.That(lines.SelectMany(l => l), Has.All.Matches<(double X, double Y)>(p => p.X is >= 0 and <= 760 && p.Y is >= 0 and <= 480));

        static (double X, double Y)[] Points(string text) =>
            [.. text.Split(' ').Select(p => p.Split(',')).Select(p => (double.Parse(p[0]), double.Parse(p[1])))];
    }
}
