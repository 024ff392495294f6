namespace BeBiDa.Tests;

public sealed class CompletionSpecs : ToolTest
{
    [TestCase("bash", "bash")]
    [TestCase("zsh", "zsh")]
    [TestCase("fish", "fish")]
    public async Task The_script_of_a_shell_is_one_that_it_understands(string shell, string program)
    {
        var script = await RunAsync("completion", shell);
        Exits(script, 0);
        Assert.That(script.StandardOutput, Does.Contain("bebidactl \"[suggest:"));
        if (!IsInstalled(program))
            Assert.Ignore($"{program} is not installed: its script is not checked by it");
        Exits(await ExecuteAsync(CliWrap.Cli.Wrap(program).WithArguments(["-n", Add("script", script.StandardOutput)])), 0);
    }

    [TestCase("bebidactl hook ", "epilog prolog --log --config --verbose --help -c -h -v -? /? /h")]
    [TestCase("bebidactl status --output ", "json text")]
    public async Task The_tab_key_completes_in_bash(string line, string expected)
    {
        var script = Add("script", (await RunAsync("completion", "bash")).StandardOutput);
        var words = line.Split(' ');
        // What readline does at the tab key.
        var driver = Add(
            "driver.sh",
            $$"""
            PATH={{Path.GetDirectoryName(Bebidactl)}}:$PATH
            source {{script}}
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_CWORD={{words.Length - 1}}
            COMP_WORDS=({{string.Join(' ', words.Select(w => $"'{w}'"))}})
            complete -p bebidactl | grep -q _bebidactl || exit 3
            _bebidactl
            printf '%s\n' "${COMPREPLY[@]}"

            """
        );
        var completed = await ExecuteAsync(
            CliWrap.Cli.Wrap("bash").WithArguments(["--norc", driver]).WithEnvironmentVariables(Environment())
        );
        Exits(completed, 0);
        Assert.That(completed.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EquivalentTo(expected.Split(' ')));
        Assert.That(completed.StandardError, Is.Empty);
    }

    [Test]
    public async Task The_tab_key_completes_in_zsh_the_first_time_already()
    {
        if (!IsInstalled("zsh"))
            Assert.Ignore("zsh is not installed: its completion is not tried");
        // In a folder of fpath, as packages install it: zsh reads it when it is first needed.
        Directory.CreateDirectory(PathOf("site-functions"));
        var script = Add("site-functions/_bebidactl", (await RunAsync("completion", "zsh")).StandardOutput);
        var driver = Add(
            "driver.zsh",
            $$"""
            zmodload zsh/zpty
            TERM=dumb zpty shell zsh -f -i
            zpty -w shell "PATH={{Path.GetDirectoryName(Bebidactl)}}:\$PATH; fpath=({{Path.GetDirectoryName(
                script
            )}} \$fpath); autoload -U compinit; compinit -u -D; print rea''dy"
            zpty -r shell out '*ready*'
            zpty -w -n shell $'bebidactl decom\t'
            zpty -r shell out '*decommission *'

            """
        );
        Exits(await ExecuteAsync(CliWrap.Cli.Wrap("timeout").WithArguments(["30", "zsh", driver])), 0);
    }

    private static bool IsInstalled(string program) =>
        (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
