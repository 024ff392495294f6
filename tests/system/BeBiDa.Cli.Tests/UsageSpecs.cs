namespace BeBiDa.Tests;

public sealed class UsageSpecs : ToolTest
{
    [TestCase("frobnicate", "'frobnicate'", "bebidactl --help")]
    [TestCase("status --frobnicate", "'--frobnicate'|Kubernetes has no node for --frobnicate", "")]
    public async Task Wrong_usage_exits_with_2_and_names_the_help(string arguments, string problem, string help)
    {
        var result = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Exits(result, 2);
        Assert.That(result.StandardOutput, Is.Empty);
        Assert.That(result.StandardError, Does.StartWith("bebidactl: ").And.Match(problem).And.Contain(help));
    }

    [Test]
    public async Task A_configuration_that_is_missing_is_named()
    {
        foreach (var missing in new[] { PathOf("none.yaml"), "/nonexistent/bebida.yaml" })
        {
            foreach (
                var result in new[]
                {
                    await RunAsync("status", "--config", missing),
                    await RunAsync(Environment(("BEBIDA_CONFIG", missing)), "status"),
                }
            )
            {
                Exits(result, 2);
                Assert.That(result.StandardError, Does.StartWith($"bebidactl: {missing}: "));
                Assert.That(result.StandardError.TrimEnd(), Does.Not.Contain("\n"), "one line, no stack trace");
            }
        }
    }

    [Test]
    public async Task The_version_is_told()
    {
        var version = await RunAsync("--version");
        Exits(version, 0);
        Assert.That(version.StandardOutput, Does.Match(@"^\d+\.\d+\.\d+"));
    }
}
