using System.Diagnostics;
using System.Runtime.InteropServices;
using BeBiDa.Configuration;

namespace BeBiDa.Host.Tests;

/// <summary>What BeBiDa believes, only root and the user who runs it can have written.</summary>
public sealed class TrustedFileSpecs
{
    private const uint Nobody = 65534;
    private const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("bebida-trust-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestCase(UnixFileMode.None)]
    [TestCase(UnixFileMode.GroupRead)]
    [TestCase(UnixFileMode.GroupRead | UnixFileMode.OtherRead)]
    public void A_configuration_that_only_its_owner_can_write_is_read(UnixFileMode more) =>
        Assert.That(ConfigurationFile.Load(Configuration(more)).Kubernetes.Kubeconfig, Is.EqualTo("/k"));

    [TestCase(UnixFileMode.GroupWrite, "620")]
    [TestCase(UnixFileMode.OtherWrite, "602")]
    [TestCase(UnixFileMode.OtherRead | UnixFileMode.OtherWrite, "606")]
    public void A_configuration_that_others_can_write_is_refused_with_what_to_run(UnixFileMode more, string mode)
    {
        var path = Configuration(more);
        Assert.That(Refusal(path), Is.EqualTo($"{path}: its mode {mode} lets others change it; run: chmod go-w {path}"));
    }

    [Test]
    public void A_configuration_of_another_user_is_refused_with_what_to_run()
    {
        var path = Configuration(UnixFileMode.GroupRead);
        Give(path);
        Assert.That(
            Refusal(path),
            Is.EqualTo($"{path}: owned by user {Nobody}; only root or the user who reads it (0) may own it; run: chown root {path}")
        );
    }

    [Test]
    public void A_link_counts_as_the_file_that_it_points_at()
    {
        var path = Configuration(UnixFileMode.None);
        var link = Path.Combine(folder, "link.yaml");
        File.CreateSymbolicLink(link, path);
        Assert.That(ConfigurationFile.Load(link).Kubernetes.Kubeconfig, Is.EqualTo("/k"));
        File.SetUnixFileMode(path, Ours | UnixFileMode.OtherWrite);
        Assert.That(Refusal(link), Does.StartWith($"{link}: its mode 602"));
    }

    [Test]
    public void Credentials_of_another_user_are_refused_with_what_to_run()
    {
        var path = Configuration(UnixFileMode.None);
        Assert.That(() => TrustedFile.ReadSecret(path, "key"), Throws.Nothing);
        Give(path);
        Assert.That(
            () => TrustedFile.ReadSecret(path, "key"),
            Throws
                .TypeOf<ConfigurationException>()
                .With.Message.EqualTo(
                    $"{path}: owned by user {Nobody}; only root or the user who reads it (0) may own it; run: chown root {path}"
                )
        );
    }

    [Test]
    public async Task A_user_who_keeps_the_configuration_locked_keeps_nobody_from_reading_it()
    {
        var path = Configuration(UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        // flock(2) asks for no more than that the file may be read.
        using var user = Process.Start(
            new ProcessStartInfo("flock", ["--exclusive", path, "sh", "-c", "echo locked; exec sleep 60"]) { RedirectStandardOutput = true }
        )!;
        try
        {
            Assert.That(await user.StandardOutput.ReadLineAsync(), Is.EqualTo("locked"));
            Assert.That(ConfigurationFile.Load(path).Kubernetes.Kubeconfig, Is.EqualTo("/k"));
        }
        finally
        {
            user.Kill(entireProcessTree: true);
            await user.WaitForExitAsync();
        }
    }

    private string Configuration(UnixFileMode more)
    {
        var path = Path.Combine(folder, "bebida.yaml");
        File.WriteAllText(path, "kubernetes:\n  kubeconfig: /k\n");
        File.SetUnixFileMode(path, Ours | more);
        return path;
    }

    private static string Refusal(string path) => Assert.Catch<ConfigurationException>(() => ConfigurationFile.Load(path))!.Message;

    private static void Give(string path)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("only root can give a file away");
        Assert.That(chown(path, Nobody, Nobody), Is.Zero);
    }

    [DllImport("libc", CharSet = CharSet.Ansi)]
    private static extern int chown(string path, uint owner, uint group);
}
