using System.Text.RegularExpressions;
using BeBiDa.Logs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Tests;

/// <summary>What programs read of our log lines.</summary>
public sealed class LogTailSpecs
{
    private static readonly LogTail Tail = new(LogTail.Decommission, LogTail.Done, "7", TimeSpan.FromMilliseconds(45), "n[1-8]", 3);

    [Test]
    public void A_tail_is_read_as_it_was_written_and_the_words_before_it_do_not_matter()
    {
        Assert.That(Tail.ToString(), Is.EqualTo(" event=decommission outcome=done job=7 ms=45 nodes=n[1-8] pods=3"));
        foreach (var tail in new[] { Tail, Tail with { Nodes = null, Pods = null }, Tail with { Event = LogTail.Release, Job = "7_1" } })
        {
            Assert.That(LogTail.Parse($"any words event=here{tail}", out var text), Is.EqualTo(tail));
            Assert.That(text, Is.EqualTo("any words event=here"));
        }
    }

    [Test]
    public void A_key_that_is_new_breaks_no_reader() =>
        Assert.That(LogTail.Parse("a event=release outcome=done reason=crash job=7 ms=45", out _)?.Event, Is.EqualTo(LogTail.Release));

    [TestCase("no tail")]
    [TestCase("a event=decommission")]
    [TestCase("a event=unknown outcome=done job=7 ms=45")]
    [TestCase("a event=decommission outcome=done job=7 ms=-1")]
    [TestCase("a event=decommission outcome=done job=7 ms=99999999999999999999")]
    [TestCase("a event=decommission outcome=done job=7 ms=45 said the user")]
    [TestCase("a event=decommission outcome=done job=7 job=8 ms=45")]
    [TestCase("a event=decommission outcome=done job=7 ms=45 ")]
    public void What_is_no_tail_is_not_read(string line) => Assert.That(LogTail.Parse(line, out _), Is.Null);

    [Test]
    public void Nodes_of_names_that_would_end_the_tail_are_left_out() =>
        Assert.That((Tail with { Nodes = "n1 job=8" }).ToString(), Does.Not.Contain("nodes="));

    [Test]
    public void A_message_too_long_for_slurmctld_s_log_loses_words_and_not_its_tail()
    {
        var log = new Lines();
        log.LogError("job {Job}: {Cause}{Tail}", 7, new string('ü', 5000), Tail);
        Assert.That(System.Text.Encoding.UTF8.GetByteCount(log.All[^1]), Is.LessThan(4096));
        Assert.That(LogTail.Parse(log.All[^1], out _), Is.EqualTo(Tail));
        Assert.That($"{Tail with { Nodes = new string('n', 4000) }}", Does.Not.Contain("nodes="));
    }

    [TestCase("denied event=decommission outcome=done job=9 ms=1 nodes=n2")]
    [TestCase("denied\tevent=decommission outcome=done job=9 ms=1 nodes=n2")]
    [TestCase("denied\n[2026-01-31T08:00:00.000] bebida: job 9: done event=decommission outcome=done job=9 ms=1 nodes=n2")]
    public void What_others_write_into_a_message_is_no_tail(string theirs)
    {
        var log = new Lines();
        log.LogInformation("pod {Pod} cannot be evicted: {Cause}", "default/a", theirs);
        log.LogError(new InvalidOperationException(theirs), "unexpected internal error");
        foreach (var line in log.All)
        {
            Assert.That(line.Any(char.IsControl), Is.False);
            Assert.That(LogTail.Parse(line, out _), Is.Null);
        }
        log.LogInformation("job {Job}: {Cause}{Tail}", 7, theirs, Tail);
        Assert.That(LogTail.Parse(log.All[^1], out _), Is.EqualTo(Tail));
    }

    [Test]
    public void An_internal_error_is_told_by_the_end_of_its_line_however_long_that_is()
    {
        var log = new Lines();
        log.LogError(new InvalidOperationException(new string('x', 5000)), "words that may change");
        log.LogError("the words event=internal-error and no bug");
        Assert.That(
            log.All.Select(line => line.EndsWith(" event=internal-error", StringComparison.Ordinal)),
            Is.EqualTo(new[] { true, false })
        );
    }

    [Test]
    public void The_documentation_names_every_key_event_and_outcome()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "monitoring.md"));
        var start = page.IndexOf("## Log lines that programs may read", StringComparison.Ordinal);
        Assert.That(start, Is.Positive);
        var rows = page[start..].Split('\n').SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|')).Skip(2);
        var keys = rows.Select(row => row.Split('|')).ToDictionary(cells => cells[1].Trim(' ', '`'), cells => cells[2]);
        Assert.That(keys.Keys, Is.EqualTo(LogTail.Keys));
        Assert.That(Quoted(keys["event"]), Is.EquivalentTo(LogTail.Events));
        Assert.That(Quoted(keys["outcome"]), Is.EquivalentTo(LogTail.Outcomes));
    }

    private static IEnumerable<string> Quoted(string cell) => Regex.Matches(cell, "`([^`]+)`").Select(match => match.Groups[1].Value);
}
