using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Tests;

/// <summary>slurm.conf and plugstack.conf, with the files that they include.</summary>
public sealed class SlurmFilesSpecs : CommandLineTest
{
    [Test]
    public void The_last_setting_of_slurm_conf_counts_wherever_it_stands()
    {
        Add("parts/nodes.conf", "NodeName=n[1-2] CPUs=2 # two\nInclude parts/more.conf\n");
        Add("parts/more.conf", "slurmuser = slurm\nPlugin\\\nDir=/a:\\\n/b\nComment=a\\#b\n");
        var conf = SlurmConf.Read(Add("slurm.conf", "SlurmUser=root\n#PluginDir=/none\n  include   parts/nodes.conf\n"));
        Assert.That(conf.Last("SlurmUser"), Is.EqualTo(new SlurmSetting($"{PathOf("parts/more.conf")}:1", "slurmuser", "slurm")));
        Assert.That(conf.Last("PluginDir"), Is.EqualTo(new SlurmSetting($"{PathOf("parts/more.conf")}:2", "PluginDir", "/a:/b")));
        Assert.That((conf.Value("NodeName"), conf.Value("Comment")), Is.EqualTo(("n[1-2] CPUs=2", "a\\#b")));
        Assert.That(conf.Value("Nothing"), Is.Null);
    }

    [Test]
    public void A_file_that_slurm_conf_includes_and_that_is_missing_is_named() =>
        Assert.That(
            () => SlurmConf.Read(Add("slurm.conf", "Include none.conf\n")),
            Throws.TypeOf<ConfigurationException>().With.Message.StartsWith(PathOf("none.conf"))
        );

    [Test]
    public void Files_that_include_one_another_end() =>
        Assert.That(SlurmConf.Read(Add("slurm.conf", "Include slurm.conf\n")).All("a"), Is.Empty);

    [Test]
    public void Plugins_are_in_the_order_of_plugstack_conf_and_of_the_names_of_what_it_includes()
    {
        Add("plugstack.conf.d/b.conf", "required b.so\n");
        Add("plugstack.conf.d/a.conf", "# first\noptional /lib/a.so config=/x libdir=/y\n");
        Add("plugstack.conf.d/c.txt", "optional c.so\n");
        var path = Add("plugstack.conf", "include plugstack.conf.d/*.conf\ninclude none.d/*.conf\noptional d.so # last\nnonsense\n");
        Assert.That(
            PlugStack
                .Read(path)
                .Select(line =>
                    $"{Path.GetRelativePath(PathOf(""), line.Place)} {line.IsRequired} {line.Plugin} {string.Join(' ', line.Arguments)}"
                ),
            Is.EqualTo(
                new[]
                {
                    "plugstack.conf.d/a.conf:2 False /lib/a.so config=/x libdir=/y",
                    "plugstack.conf.d/b.conf:1 True b.so ",
                    "plugstack.conf:3 False d.so ",
                }
            )
        );
    }

    [TestCase("slurm-wlm 22.05.8", 22, 5, 8)]
    [TestCase("24.11.5-2", 24, 11, 5)]
    [TestCase("slurm 26.05.0rc1", 26, 5, 0)]
    public void A_version_is_read_as_Slurm_says_it(string text, int major, int minor, int micro) =>
        Assert.That(SlurmVersion.Parse(text), Is.EqualTo(new SlurmVersion(major, minor, micro)));
}
