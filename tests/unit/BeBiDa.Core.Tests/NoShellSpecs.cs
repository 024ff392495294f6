using System.Text.RegularExpressions;

namespace BeBiDa.Tests;

/// <summary>What a job, a pod or a file says is never part of a command line that a shell reads: there is no shell.</summary>
public sealed class NoShellSpecs
{
    [TestCase("native", "*.c", @"\b(system|popen|exec[lv]p?e?|posix_spawnp?|wordexp)\s*\(")]
    [TestCase("native", "*.c", @"/bin/(ba|da)?sh\b")]
    [TestCase("managed", "*.cs", @"\bUseShellExecute\s*=\s*true\b")]
    [TestCase("managed", "*.cs", @"\bProcess\.Start\b|\bProcessStartInfo\b")]
    [TestCase("managed", "*.cs", @"/bin/(ba|da)?sh\b|\bsh -c\b")]
    [TestCase("managed", "*.cs", @"LibraryImport[^\n]*\n[^\n]*\b(system|popen|exec[lv]p?e?)\(")]
    [TestCase("managed", "*.cs", @"\.WithArguments\(\s*(\$?""|string)")]
    public void Nothing_of_the_product_says(string folder, string files, string pattern)
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), files, SearchOption.AllDirectories).ToList();
        Assert.That(sources, Is.Not.Empty);
        foreach (var source in sources)
        foreach (Match match in Regex.Matches(File.ReadAllText(source), pattern))
            Assert.Fail($"{source} says {match.Value}: run a program with its arguments as a list, or do it without one");
    }

    [Test]
    public void The_commands_that_bebidactl_runs_are_Slurms_and_systemds_own_and_no_other()
    {
        // CliWrap passes a list of arguments to execve(2).
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "managed"), "*.cs", SearchOption.AllDirectories).ToList();
        var started = sources
            .SelectMany(source =>
                Regex.Matches(File.ReadAllText(source), @"(?:Cli\.Wrap|AskAsync|RunAsync)\(""([^""]+)""").Select(m => m.Groups[1].Value)
            )
            .Distinct()
            .Order(StringComparer.Ordinal);
        Assert.That(started, Is.EqualTo(new[] { "scontrol", "sinfo", "squeue", "systemctl", "timedatectl" }));
        // And slurmctld and slurmd for their version, wherever a site has put them.
        var elsewhere = sources.Where(source => Regex.IsMatch(File.ReadAllText(source), @"HostCommand\.RunAsync\([^"")]"));
        Assert.That(elsewhere.Select(Path.GetFileName), Is.EqualTo(new[] { "InstalledSlurm.cs" }));
    }
}
