using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using BeBiDa.Cli.Forecasts;

namespace BeBiDa.Tests;

public sealed class ForecastSpecs : CommandLineTest
{
    // Two nodes for 1000 s. Of the jobs, 1 to 6 have nodes; the arrays, components, steps and the rest are as sacct prints them.
    private const string Jobs = """
        JobID|User|Account|Partition|Start|End|NodeList|JobName
        1|alice|physics|batch|1000000000|1000000300|n1|a|b
        1.batch||physics||1000000000|1000000300|n1|batch
        2_[3-9]|alice|physics|batch|Unknown|Unknown|None assigned|array
        2_1|alice|physics|batch|1000000000|1000000100|n2|array
        3+0|bob|physics|batch|1000000600|1000000700|n1,n2|het
        3+0.extern||physics||1000000600|1000000700|n1,n2|extern
        4|bob|physics|batch|1000000500|1000000500|None assigned|cancelled
        5|bob|physics|batch|1000000800|1000000900|n2|requeued
        5|bob|physics|batch|1000000950|Unknown|n2|requeued
        6|bob|physics|batch|1000000900|1000001000|n1|last
        7|bob|physics|batch|1000001100|1000001000|n2|after the period, whose end sacct prints for its own

        """;

    [Test]
    public async Task Gaps_between_jobs_are_what_would_have_been_lent()
    {
        var result = await RunAsync("forecast", Add("jobs.txt", Jobs), "--pods", "10s", "--output", "json");
        Exits(result, 0);
        var told = JsonDocument.Parse(result.Output).RootElement;
        double Told(string name) => Math.Round(told.GetProperty(name).GetDouble() * 3600);
        Assert.That((told.GetProperty("nodes").GetInt32(), told.GetProperty("jobs").GetInt32()), Is.EqualTo((2, 6)));
        // n1: 300-600, 700-900; n2: 100-600, 700-800, 900-950.
        Assert.That(Told("idleNodeHours"), Is.EqualTo(1150).Within(3));
        Assert.That(Told("usedNodeHours"), Is.EqualTo(850).Within(3));
        Assert.That(told.GetProperty("gaps").GetInt32(), Is.EqualTo(5));
        Assert.That(told.GetProperty("medianGapSeconds").GetDouble(), Is.EqualTo(200));
    }

    [Test]
    public async Task What_was_not_available_is_not_idle_and_what_is_not_lent_does_not_count()
    {
        var events = Add("events.txt", "NodeName|TimeStart|TimeEnd\n|1000000000|Unknown\nn1|1000000200|1000000500\n");
        var result = await RunAsync([
            "forecast",
            Add("jobs.txt", Jobs),
            "--events",
            events,
            "--nodes",
            "n1,n2,n3",
            "--output",
            "csv",
            "--config",
            Configuration("nodes: {exclude: [n2]}\n"),
        ]);
        Exits(result, 0);
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')).ToList();
        Assert.That(lines, Has.Count.EqualTo(4));
        double Told(string name) => Math.Round(double.Parse(lines[1][Array.IndexOf(lines[0], name)], CultureInfo.InvariantCulture) * 3600);
        // n1: 500-600 and 700-900; n3: always.
        Assert.That((Told("idle_node_hours"), Told("unavailable_node_hours")), Is.EqualTo((1300.0, 200.0)).Using<(double, double)>(Near));
    }

    [Test]
    public async Task Jobs_that_take_no_nodes_end_no_pods_and_wait_for_nothing()
    {
        var jobs = Add("jobs.txt", Jobs);
        string[] arguments = ["forecast", jobs, "--pods", "1h", "--output", "json"];
        JsonElement Pods(Ended told) => JsonDocument.Parse(told.Output).RootElement.GetProperty("pods")[0];
        var taking = Pods(await RunAsync(arguments));
        // Five gaps, one of which ends with the time that is looked at; the first jobs of both nodes were there when it began.
        Assert.That(taking.GetProperty("podsEnded").GetInt32(), Is.EqualTo(5));
        Assert.That(taking.GetProperty("waitedSeconds").GetDouble(), Is.EqualTo(4 * 1.1).Within(0.001));
        var keeping = Pods(await RunAsync([.. arguments, "--config", Configuration("jobs: {partitions: [other]}\n")]));
        Assert.That(keeping.GetProperty("podsEnded").GetInt32(), Is.Zero);
        Assert.That(keeping.GetProperty("waitedSeconds").GetDouble(), Is.Zero);
    }

    [Test]
    public async Task A_time_to_keep_nodes_is_compared_with_another_or_is_that_of_the_site()
    {
        var jobs = Add("jobs.txt", Jobs);
        async Task<string> Lingers(params string[] arguments)
        {
            var result = await RunAsync(["forecast", jobs, "--pods", "1h", "--output", "json", .. arguments]);
            Exits(result, 0);
            return string.Join(
                ' ',
                JsonDocument
                    .Parse(result.Output)
                    .RootElement.GetProperty("pods")
                    .EnumerateArray()
                    .Select(pods => $"{pods.GetProperty("lingerSeconds")}:{pods.GetProperty("podsEnded")}")
            );
        }
        // Gaps of 50, 100, 200, 300 and 500 s.
        Assert.That(await Lingers("--linger", "0s", "--linger", "1m"), Is.EqualTo("0:5 60:4"));
        Assert.That(await Lingers("--config", Configuration("nodes: {linger: 1m}\n")), Is.EqualTo("60:4"));
    }

    [Test]
    public async Task A_job_without_an_end_is_told_of_only_if_it_is_within_the_time()
    {
        var jobs = Add("jobs.txt", Jobs);
        Assert.That((await RunAsync("forecast", jobs)).Output, Does.Contain("Jobs without an end: 1."));
        var before = DateTimeOffset.FromUnixTimeSeconds(1_000_000_940).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
        Assert.That(
            (await RunAsync("forecast", jobs, "--until", before)).Output,
            Does.StartWith("You would").And.Not.Contain("without an end")
        );
    }

    [Test]
    public async Task Other_ways_to_write_times_are_read()
    {
        string Written(string format) =>
            string.Concat(
                "JobID|Start|End|NodeList\n",
                $"1|{Time(0, format)}|{Time(60, format)}|n1\n",
                $"2|{Time(120, format)}|{Time(180, format)}|n1\n"
            );
        foreach (var format in new[] { "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:sszzz" })
        {
            var result = await RunAsync("forecast", Add("jobs.txt", Written(format)), "--output", "json");
            Exits(result, 0);
            Assert.That(JsonDocument.Parse(result.Output).RootElement.GetProperty("medianGapSeconds").GetDouble(), Is.EqualTo(60));
        }
        static string Time(int seconds, string format) =>
            DateTimeOffset.FromUnixTimeSeconds(1_000_000_000 + seconds).ToLocalTime().ToString(format, CultureInfo.InvariantCulture);
    }

    [TestCase("", "is empty; fill it with: SLURM_TIME_FORMAT=%s sacct ")]
    [TestCase("1|1|2|n1\n", "line 1: the first line does not name JobID, Start, End, NodeList")]
    [TestCase("JobID|Start|End|NodeList\n1|1|2|n1\n2|1|2\n", "line 3: 3 fields where the first line names 4; was the line cut off")]
    [TestCase("JobID|JobName|Start|End|NodeList\n1|a|b|1|2|n1\n", "line 2: 6 fields where the first line names 5; ask for JobName last")]
    [TestCase("JobID|Start|End|NodeList\n1|1|2|n1\n2|1|2|n", "line 3: the file ends within the line")]
    [TestCase("JobID|Start|End|NodeList\n1|1|2|n[1-\n", "line 2: NodeList: 'n.1-' is not a list of nodes")]
    [TestCase("JobID|Start|End|NodeList|JobName\n1|1|2|n1|a\n2_3|1|2\n3|1|2|n1|b\n", "line 3: 3 fields where the first line names 5; was")]
    [TestCase("JobID|Start|End|NodeList\n1|Fri 14:05|2|n1\n", "line 2: Start: 'Fri 14:05' is not a time; ask with SLURM_TIME_FORMAT=%s")]
    [TestCase("JobID|Start|End|NodeList\n1|Unknown|Unknown|None assigned\n", "no job in the file had nodes")]
    public async Task A_file_that_cannot_be_read_is_named_with_its_line(string text, string problem)
    {
        var result = await RunAsync("forecast", Add("jobs.txt", text));
        Exits(result, 2);
        Assert.That(result.Error, Does.StartWith("bebidactl: ").And.Match(problem).And.Not.Contain("   at "));
        Assert.That(result.Output, Is.Empty);
    }

    [Test]
    public async Task A_jobs_name_may_have_bars_and_lines()
    {
        var jobs = Add("jobs.txt", "JobID|Start|End|NodeList|JobName\n1|0|60|n1|a|b\nc|d\n\n2|120|180|n1|e\n");
        var result = await RunAsync("forecast", jobs, "--output", "json");
        Exits(result, 0);
        Assert.That(JsonDocument.Parse(result.Output).RootElement.GetProperty("jobs").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public async Task A_page_has_the_sentence_to_remember_the_picture_and_the_table()
    {
        var page = PathOf("forecast.html");
        var result = await RunAsync("forecast", Add("jobs.txt", Jobs));
        Exits(result, 0);
        Exits(await RunAsync("forecast", Add("jobs.txt", Jobs), "--output", page), 0);
        Assert.That(
            result.Output,
            Does.StartWith("You would have lent 0.3 node-hours: 99.6 % of what was idle").And.Contain("ENDED A DAY")
        );
        var text = File.ReadAllText(page);
        Assert.That(text, Does.Contain(result.Output.Split('\n')[0]));
        var picture = XElement.Parse(
            text[text.IndexOf("<svg", StringComparison.Ordinal)..(text.IndexOf("</svg>", StringComparison.Ordinal) + 6)]
        );
        Assert.That(picture.Descendants().Count(e => e.Name.LocalName == "title"), Is.EqualTo(10), "a bar for each length of gaps");
    }

    [Test]
    public async Task Many_lists_of_nodes_are_expanded_with_few_calls()
    {
        var calls = 0;
        var names = new HostNames(
            (list, _) =>
            {
                calls++;
                return Task.FromResult<IReadOnlyList<string>>([
                    .. list.Split(',')
                        .SelectMany(one => one.Contains('[') ? new[] { one.Replace("[1-2]", "1"), one.Replace("[1-2]", "2") } : [one]),
                ]);
            }
        );
        var lists = Enumerable.Range(0, 10_000).Select(i => $"rack{i}n[1-2]").Append("login,x").ToList();
        var expanded = await names.ExpandAsync(lists, default);
        Assert.That(expanded, Has.Count.EqualTo(lists.Count));
        Assert.That(expanded["rack9999n[1-2]"], Is.EqualTo(new[] { "rack9999n1", "rack9999n2" }));
        Assert.That(expanded["login,x"], Is.EqualTo(new[] { "login", "x" }));
        Assert.That(calls, Is.InRange(1, 5));
    }

    private static bool Near((double, double) a, (double, double) b) =>
        Math.Abs(a.Item1 - b.Item1) <= 4 && Math.Abs(a.Item2 - b.Item2) <= 4;
}
