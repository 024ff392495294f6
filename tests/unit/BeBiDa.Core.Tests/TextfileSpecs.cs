using System.Diagnostics.Metrics;
using BeBiDa.Metrics;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

public sealed class TextfileSpecs
{
    private string folder = "";
    private FakeTimeProvider clock = null!;
    private Meter meter = null!;
    private Counter<long> counter = null!;
    private Exposition exposition = null!;
    private Lines log = null!;

    private string Path => System.IO.Path.Combine(folder, "bebida.prom");

    [SetUp]
    public void SetUp()
    {
        folder = Directory.CreateTempSubdirectory("bebida-textfile-").FullName;
        clock = Clock.New();
        meter = new Meter("bebida");
        counter = meter.CreateCounter<long>("bebida_things_total", description: "Things.");
        exposition = new Exposition(meter);
        counter.Add(1);
        log = new Lines();
    }

    [TearDown]
    public void TearDown()
    {
        exposition.Dispose();
        meter.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task The_file_is_there_at_once_and_for_everyone_to_read()
    {
        await using var textfile = Start();
        await clock.UntilAsync(() => File.Exists(Path));
        Assert.That(
            await File.ReadAllTextAsync(Path),
            Is.EqualTo("# HELP bebida_things_total Things.\n# TYPE bebida_things_total counter\nbebida_things_total 1\n")
        );
        Assert.That(
            File.GetUnixFileMode(Path),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead)
        );
        Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { Path }));
    }

    [Test]
    public async Task What_is_counted_is_in_it_within_seconds()
    {
        await using var textfile = Start();
        await clock.UntilAsync(() => File.Exists(Path));
        counter.Add(41);
        await clock.PassAsync(Textfile.Pace + TimeSpan.FromSeconds(1));
        await clock.UntilAsync(() => File.ReadAllText(Path).EndsWith("bebida_things_total 42\n", StringComparison.Ordinal));
    }

    [Test]
    public async Task While_nothing_is_counted_it_is_written_only_as_often_as_shows_that_we_live()
    {
        var written = 0;
        meter.CreateObservableGauge("bebida_looked", () => ++written);
        await using var textfile = Start();
        await clock.UntilAsync(() => written == 1);
        await clock.PassAsync(Textfile.Heartbeat - TimeSpan.FromSeconds(2));
        Assert.That(written, Is.EqualTo(1));
        await clock.UntilAsync(() => written == 2);
    }

    [Test]
    public async Task A_folder_that_is_not_there_is_told_of_once_and_when_it_is_again()
    {
        Directory.Delete(folder);
        await using var textfile = Start();
        await clock.UntilAsync(() => log.All.Count == 1);
        Assert.That(
            log.All[0],
            Does.StartWith($"Error: metrics.textfile: cannot write {Path}; will keep retrying.")
                .And.Contain("must exist and be writable by slurmctld's user")
        );
        counter.Add(1);
        await clock.PassAsync(TimeSpan.FromMinutes(2));
        Assert.That(log.All, Has.Count.EqualTo(1));
        Directory.CreateDirectory(folder);
        await clock.UntilAsync(() => log.All.Count == 2);
        Assert.That(log.All[1], Is.EqualTo($"Information: metrics.textfile: writing {Path} again"));
    }

    [Test]
    public async Task Somebody_elses_link_in_the_folder_is_not_followed()
    {
        var victim = System.IO.Path.Combine(folder, "victim");
        await File.WriteAllTextAsync(victim, "precious");
        File.CreateSymbolicLink($"{Path}.tmp", victim);
        await using var textfile = Start();
        await clock.UntilAsync(() => File.Exists(Path));
        Assert.That(await File.ReadAllTextAsync(victim), Is.EqualTo("precious"));
    }

    [Test]
    public async Task The_last_that_was_counted_is_in_it_at_the_end()
    {
        var textfile = Start();
        await clock.UntilAsync(() => File.Exists(Path));
        counter.Add(6);
        await textfile.DisposeAsync();
        Assert.That(await File.ReadAllTextAsync(Path), Does.EndWith("bebida_things_total 7\n"));
    }

    private Textfile Start() => new(Path, exposition, clock, log);
}
