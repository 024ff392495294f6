using System.Text.Json;
using System.Text.RegularExpressions;
using BeBiDa.Accounts;
using BeBiDa.Cli.Reports;
using BeBiDa.Cli.Timelines;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeBiDa.Tests;

/// <summary><c>bebidactl report</c> over a journal that is in files.</summary>
public sealed class ReportSpecs : CommandLineTest
{
    private const string Start = """{"time":"2026-01-31T08:00:00+00:00","clock":100,"run":"a","event":"start","version":1,"boot":"b"}""";

    // Two hours: n1 runs jobs, then it is lent; n2 is lent all the time.
    private static readonly string[] Journal =
    [
        Start,
        """{"time":"2026-01-31T08:00:00+00:00","clock":100,"run":"a","event":"node","node":"n1","slurm":"ALLOCATED","partitions":"long","kubernetes":{"ready":true,"unschedulable":true,"holds":"lab.7","pods":0,"tolerating":0}}""",
        """{"time":"2026-01-31T08:00:00+00:00","clock":100,"run":"a","event":"node","node":"n2","slurm":"IDLE","partitions":"long,short","kubernetes":{"ready":true,"unschedulable":false,"holds":"","pods":2,"tolerating":0}}""",
        """{"time":"2026-01-31T08:00:00+00:00","clock":100,"run":"a","event":"back","source":"slurm"}""",
        """{"time":"2026-01-31T08:00:00+00:00","clock":100,"run":"a","event":"back","source":"kubernetes"}""",
        """{"time":"2026-01-31T08:00:00+00:00","clock":100,"run":"a","event":"back","source":"handovers"}""",
        """{"time":"2026-01-31T08:01:00+00:00","clock":160,"run":"a","event":"pod","node":"n2","evicted":true,"seconds":7200}""",
        """{"time":"2026-01-31T08:01:00+00:00","clock":160,"run":"a","event":"taken","node":"n1","job":"lab.7","began":"2026-01-31T08:00:58+00:00","seconds":0.25}""",
        .. Alive(2, 60),
        """{"time":"2026-01-31T09:00:00+00:00","clock":3700,"run":"a","event":"node","node":"n1","slurm":"IDLE","kubernetes":{"ready":true,"unschedulable":false,"holds":"","pods":0,"tolerating":0}}""",
        .. Alive(61, 120),
    ];

    [Test]
    public async Task Text_begins_with_the_figure_that_matters_and_is_a_table_of_node_hours()
    {
        var report = await ReportAsync("--by", "node");
        var lines = report.Output.Split('\n');
        Assert.That(
            lines.Where((_, i) => i != 1),
            Is.EqualTo(
                new[]
                {
                    "Kubernetes used 67 % of the time in which Slurm left nodes idle: 2.00 of 3.00 node-hours.",
                    "",
                    "NODE   SLURM   PODS   EMPTY   HELD   IN BETWEEN   UNAVAILABLE   UNKNOWN   TOTAL",
                    "n1      1.00   0.00    1.00   0.00         0.00          0.00      0.00    2.00",
                    "n2      0.00   2.00    0.00   0.00         0.00          0.00      0.00    2.00",
                    "all     1.00   2.00    1.00   0.00         0.00          0.00      0.00    4.00",
                    "",
                    "Pods: 1 evicted after 2 h 0 min (median; mean 2 h 0 min), 2.00 pod-hours lost; 0 left by themselves; 4.00 pod-hours in all.",
                    "Jobs: 1 job waited for a hand-over, 250 ms in all (median 250 ms, 99th percentile 250 ms).",
                    "",
                }
            )
        );
        Assert.That(lines[1], Does.EndWith(" · 2 nodes, node-hours"));
    }

    [Test]
    public async Task What_a_site_has_set_up_has_a_column()
    {
        var report = await ReportAsync(
            [.. Journal.Select(line => line.Replace("\"holds\":\"\",\"pods\":0", "\"holds\":\"lab.linger\",\"pods\":0"))],
            "--by",
            "node"
        );
        Assert.That(
            report.Output.Split('\n')[3..5],
            Is.EqualTo(
                new[]
                {
                    "NODE   SLURM   PODS   EMPTY   LINGER   HELD   IN BETWEEN   UNAVAILABLE   UNKNOWN   TOTAL",
                    "n1      1.00   0.00    0.00     1.00   0.00         0.00          0.00      0.00    2.00",
                }
            )
        );
    }

    [Test]
    public async Task Comma_separated_values_have_a_row_for_each_key()
    {
        const string header =
            "slurm,lent_with_pods,lent_empty,linger,planned,policy,held,in_between,unavailable,unknown,total,pod_hours,pods_evicted,pod_hours_lost\n";
        Assert.That(
            (await ReportAsync("--by", "partition", "--output", "csv")).Output,
            Is.EqualTo($"partition,{header}long,1,2,1,0,0,0,0,0,0,0,4,4,1,2\nshort,0,2,0,0,0,0,0,0,0,0,2,4,1,2\n")
        );
        Assert.That((await ReportAsync("--output", PathOf("days.csv"))).Output, Is.Empty);
        Assert.That(await File.ReadAllTextAsync(PathOf("days.csv")), Does.StartWith($"day,{header}2026-01-31,1,2,1,"));
    }

    [Test]
    public async Task Json_has_node_hours_by_use_and_seconds()
    {
        var report = JsonDocument.Parse((await ReportAsync("--by", "node", "-o", "json")).Output).RootElement;
        Assert.That(report.GetProperty("total").GetProperty("nodeHours").GetProperty("lentWithPods").GetDouble(), Is.EqualTo(2));
        Assert.That(
            report.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("key").GetString()),
            Is.EqualTo(new[] { "n1", "n2" })
        );
        Assert.That(report.GetProperty("jobs").GetProperty("p99Seconds").GetDouble(), Is.EqualTo(0.25));
        Assert.That(report.GetProperty("pods").GetProperty("podHoursLost").GetDouble(), Is.EqualTo(2));
    }

    [Test]
    public async Task A_page_has_the_sentence_the_picture_and_the_table()
    {
        Exits(await ReportAsync("--by", "node", "--output", PathOf("report.html")), 0);
        Assert.That(
            await File.ReadAllTextAsync(PathOf("report.html")),
            Does.StartWith("<!doctype html>")
                .And.Contain("<h1>Kubernetes used 67 % of the time in which Slurm left nodes idle: 2.00 of 3.00 node-hours.</h1>")
                .And.Contain("<title>n2: lent, with pods\n2.00 node-hours, 100 %</title>")
                .And.Contain("<tr><td>n1</td><td>1.00</td><td>0.00</td><td>1.00</td>")
                .And.Contain("prefers-color-scheme:dark")
        );
    }

    [Test]
    public async Task Half_a_line_before_a_crash_is_skipped_and_a_broken_line_in_the_middle_is_told_of()
    {
        var torn = await ReportAsync([.. Journal, """{"time":"2026-01-31T10:0"""], "--output", "csv");
        Assert.That(torn.Error, Is.Empty);
        var started = await ReportAsync(
            [.. Journal[..40], """{"time":"20""", Start.Replace("\"a\"", "\"c\"").Replace("100", "4000"), .. Journal[40..]],
            "--output",
            "csv"
        );
        Assert.That(started.Error, Is.Empty);
        var broken = await ReportAsync([.. Journal[..40], "nonsense", .. Journal[40..]], "--output", "csv");
        Assert.That(
            broken.Error,
            Is.EqualTo($"bebidactl: {PathOf("journal/2026-01-31.jsonl")}:41: left out: this is no line of the journal\n")
        );
        Assert.That(broken.Output, Is.EqualTo(torn.Output));
    }

    [Test]
    public async Task Files_are_read_in_the_order_in_which_they_were_written_though_the_clock_was_set_back_to_the_day_before()
    {
        Add("journal/2026-02-01.jsonl", string.Join('\n', Journal).Replace("2026-01-31T", "2026-02-01T"));
        // The same start of the host, and later; by the clock, a day earlier.
        Add("journal/2026-01-31.jsonl", string.Join('\n', Journal.Select(line => Later(line, 100_000))));
        var report = await RunAsync(
            "report",
            "--directory",
            PathOf("journal"),
            "--since",
            "2026-01-30",
            "--until",
            "2026-02-03",
            "-o",
            "csv"
        );
        Exits(report, 0);
        Assert.That(report.Error, Is.Empty);
        Assert.That(report.Output, Does.Contain("\n2026-01-31,1,2,1,0,0,0,").And.Contain("\n2026-02-01,1,2,1,0,0,0,"));
    }

    [Test]
    public async Task What_a_newer_release_has_written_is_refused()
    {
        var report = await ReportAsync([Start.Replace("\"version\":1", "\"version\":2")], "--output", "csv");
        Exits(report, 2);
        Assert.That(report.Error, Does.EndWith("2026-01-31.jsonl:1: a newer release of BeBiDa has written this\n"));
    }

    [Test]
    public async Task Without_a_journal_it_says_which_service_to_start()
    {
        var report = await RunAsync("report", "--directory", PathOf("none"));
        Exits(report, 2);
        Assert.That(
            report.Error,
            Does.StartWith($"bebidactl: {PathOf("none")}: nothing is recorded there; ")
                .And.Contain("systemctl enable --now bebida-record.service")
        );
    }

    [Test]
    public async Task Of_a_time_that_nobody_recorded_there_is_nothing_to_report()
    {
        Add("journal/2026-01-31.jsonl", string.Join('\n', Journal));
        var report = await RunAsync("report", "--directory", PathOf("journal"), "--since", "2025-01-01", "--until", "2025-01-02");
        Exits(report, 2);
        Assert.That(report.Error, Does.StartWith("bebidactl: nothing is recorded of that time"));
    }

    [Test]
    public void Whoever_writes_appends_whole_lines_goes_on_after_a_crash_and_keeps_what_it_is_told_to()
    {
        var day = new DateOnly(2026, 1, 31);
        var line = new JournalLine(DateTimeOffset.UnixEpoch, 1, "a", JournalLine.Alive);
        Add("journal/2026-01-31.jsonl", "half a li");
        Add("journal/2026-01-28.jsonl", "old");
        using (var writer = new JournalWriter(PathOf("journal"), keepDays: 2, NullLogger.Instance))
        {
            Assert.That(writer.Append(day, line) && writer.Append(day, line) && writer.Append(day.AddDays(1), line));
            Assert.That(
                () => new JournalWriter(PathOf("journal"), 2, NullLogger.Instance),
                Throws.Exception.With.Message.Contains("another")
            );
        }
        var json = """{"time":"1970-01-01T00:00:00+00:00","clock":1,"run":"a","event":"alive"}""";
        Assert.That(File.ReadAllText(PathOf("journal/2026-01-31.jsonl")), Is.EqualTo($"half a li\n{json}\n{json}\n"));
        Assert.That(File.ReadAllText(PathOf("journal/2026-02-01.jsonl")), Is.EqualTo($"{json}\n"));
        Assert.That(File.Exists(PathOf("journal/2026-01-28.jsonl")), Is.False);
    }

    [Test]
    public void Whoever_writes_keeps_the_newest_files_however_far_ahead_the_clock_jumps([Values(1, 3, 1_000_000)] int keepDays)
    {
        Add("journal/2026-01-29.jsonl", "old");
        Add("journal/2026-01-30.jsonl", "old");
        var line = new JournalLine(DateTimeOffset.UnixEpoch, 1, "a", JournalLine.Alive);
        using (var writer = new JournalWriter(PathOf("journal"), keepDays, NullLogger.Instance))
            foreach (var day in new[] { new DateOnly(2026, 1, 31), new DateOnly(2036, 1, 31), new DateOnly(2026, 1, 31) })
                Assert.That(writer.Append(day, line));
        string[] kept = ["2026-01-29", "2026-01-30", "2026-01-31", "2036-01-31"];
        Assert.That(
            Directory.GetFiles(PathOf("journal"), "*.jsonl").Select(Path.GetFileNameWithoutExtension).Order(),
            // The day that is written to is the newest, though it is not the last.
            Is.EqualTo(keepDays == 1 ? ["2026-01-31"] : kept.TakeLast(keepDays))
        );
    }

    [Test]
    public async Task Until_midnight_is_seven_days_before_it()
    {
        Add("journal/2026-01-24.jsonl", string.Join('\n', Journal).Replace("2026-01-31T", "2026-01-24T"));
        var report = await RunAsync("report", "--directory", PathOf("journal"), "--until", "2026-02-01", "--output", "csv");
        Exits(report, 0);
        Assert.That(
            report.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(row => row.Split(',')[0]),
            Is.EqualTo(Enumerable.Range(25, 7).Select(day => $"2026-01-{day}"))
        );
    }

    [Test]
    public void A_period_that_ends_in_another_year_says_in_which()
    {
        var period = new Timeline(DateTimeOffset.Parse("2025-12-31T00:00Z"), DateTimeOffset.Parse("2026-01-02T00:00Z"), [], []);
        Assert.That(
            TimelinePicture.Describe(period, TimeZoneInfo.Utc),
            Is.EqualTo("31 December 2025, 00:00:00 to 2 January 2026 00:00:00, UTC")
        );
    }

    private Task<Ended> ReportAsync(params string[] arguments) => ReportAsync(Journal, arguments);

    private Task<Ended> ReportAsync(string[] journal, params string[] arguments)
    {
        Add("journal/2026-01-31.jsonl", string.Join('\n', journal));
        return RunAsync([
            "report",
            "--directory",
            PathOf("journal"),
            "--since",
            "2026-01-31T08:00Z",
            "--until",
            "2026-01-31T10:00Z",
            .. arguments,
        ]);
    }

    private static string Later(string line, int seconds) =>
        Regex
            .Replace(line, "(?<=\"clock\":)[0-9]+", clock => $"{int.Parse(clock.Value) + seconds}")
            .Replace("\"run\":\"a\"", "\"run\":\"c\"");

    private static IEnumerable<string> Alive(int first, int last) =>
        Enumerable
            .Range(first, last - first + 1)
            .Select(minute =>
                $$"""{"time":"2026-01-31T{{8 + minute / 60:00}}:{{minute % 60:00}}:00+00:00","clock":{{100 + minute * 60}},"run":"a","event":"alive"}"""
            );
}
