using System.Text.Json;
using System.Text.RegularExpressions;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Tests;

/// <summary>bebidactl kubeconfig and rbac, against each kind of API server. That what is made is enough and no more is PrivilegeSpecs' to show.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class KubeconfigSpecs(ApiServerKind kind)
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    private IApiServer server = null!;
    private SigningController signing = null!;
    private Kubectl kubectl = null!;
    private string folder = "";

    private string Target => Path.Combine(folder, "kubeconfig");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        server = await TestServers.StartAsync(kind);
        signing = SigningController.Start(server);
        kubectl = new Kubectl(server.AdminKubeconfig);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await signing.DisposeAsync();
        await server.DisposeAsync();
    }

    [SetUp]
    public void MakeFolder()
    {
        folder = Directory.CreateTempSubdirectory("kubeconfig-").FullName;
        File.WriteAllText(Path.Combine(folder, "slurm.conf"), "SlurmUser=nobody # as a test has it\n");
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task The_manifests_that_it_prints_are_the_packaged_ones_and_the_server_takes_them()
    {
        var packaged = Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes");
        Assert.That((await RunAsync("rbac")).StandardOutput, Is.EqualTo(await File.ReadAllTextAsync(Path.Combine(packaged, "rbac.yaml"))));
        Assert.That(
            (
                await RunAsync(
                    "rbac",
                    "--remove-node",
                    "--disruption-target",
                    "--wait-until-ready",
                    "--self-renew",
                    "--timeline",
                    "--record",
                    "--flow-control"
                )
            ).StandardOutput,
            Is.EqualTo(
                string.Join(
                    "---\n",
                    new[]
                    {
                        "rbac.yaml",
                        "rbac-remove-node.yaml",
                        "rbac-disruption-target.yaml",
                        "rbac-wait-until-ready.yaml",
                        "rbac-self-renew.yaml",
                        "rbac-timeline.yaml",
                        "rbac-record.yaml",
                        "flow-control.yaml",
                    }.Select(name => File.ReadAllText(Path.Combine(packaged, name)))
                )
            )
        );
        foreach (
            var (credential, subject, other) in new[] { ("token", "ServiceAccount", "User"), ("certificate", "User", "ServiceAccount") }
        )
        {
            var text = (await RunAsync("rbac", "--credential", credential, "--namespace", "hpc", "--remove-node")).StandardOutput;
            Assert.That(Regex.Matches(text, $"(?m)^ .* kind: {subject}$|^ +- kind: {subject}$"), Has.Count.EqualTo(3));
            Assert.That(text, Does.Not.Match($"(?m)^ .*kind: {other}$").And.Not.Contains("namespace: bebida"));
            var manifest = Path.Combine(folder, "manifest.yaml");
            await File.WriteAllTextAsync(manifest, text);
            Assert.That(
                await kubectl.RunAsync("apply", "-f", manifest),
                Does.Contain("clusterrolebinding.rbac.authorization.k8s.io/bebida ")
            );
        }
    }

    [Test]
    public async Task A_token_is_made_and_its_identity_end_and_owner_are_told()
    {
        var made = await CreateAsync("--duration", "48h", "--output", "json");
        Exits(made, 0);
        using var json = JsonDocument.Parse(made.StandardOutput);
        Assert.That(Text(json, "identity"), Is.EqualTo("system:serviceaccount:bebida:bebida"));
        Assert.That(Text(json, "credential"), Is.EqualTo("Token"));
        Assert.That(
            json.RootElement.GetProperty("expires").GetDateTimeOffset(),
            Is.EqualTo(DateTimeOffset.UtcNow.AddHours(48)).Within(TimeSpan.FromMinutes(5))
        );
        Assert.That(Text(json, "permissions"), Does.StartWith("root:nogroup 0640"));
        Assert.That(await WhoAmIAsync(), Is.EqualTo("system:serviceaccount:bebida:bebida"));

        var shown = await RunAsync("kubeconfig", "show", "--file", Target);
        Exits(shown, 0);
        Assert.That(
            shown.StandardOutput,
            Does.Contain("identity:    system:serviceaccount:bebida:bebida\n")
                .And.Match(@"expires: +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, in 47 hours\n")
        );
        Assert.That(Directory.GetFiles(folder).Select(Path.GetFileName), Is.EquivalentTo(new[] { "kubeconfig", "slurm.conf" }));
    }

    [Test]
    public async Task A_certificate_is_asked_for_approved_and_made_of_a_key_that_never_left()
    {
        Exits(await CreateAsync("--credential", "certificate", "--duration", "48h"), 0);
        Assert.That(await WhoAmIAsync(), Is.EqualTo("bebida"));
        Assert.That(File.Exists(Target + ".key"), Is.False);
        Assert.That(File.ReadAllText(Target), Does.Contain("client-key-data:"));
    }

    [Test]
    public async Task Whoever_approves_is_told_how_and_the_next_run_goes_on_with_the_same_request_and_key()
    {
        var before = (await signing.RequestsAsync()).Count;
        var first = await CreateAsync("--credential", "certificate", "--no-approve", "--wait", "0s");
        Exits(first, 1);
        var approve = Regex.Match(first.StandardError, "kubectl (certificate approve bebida-[0-9a-f]{16})").Groups[1].Value;
        Assert.That(approve, Is.Not.Empty, first.StandardError);
        Assert.That(File.Exists(Target), Is.False);
        Assert.That(File.GetUnixFileMode(Target + ".key"), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        var key = await File.ReadAllTextAsync(Target + ".key");

        await kubectl.RunAsync(approve.Split(' '));
        Exits(await CreateAsync("--credential", "certificate", "--no-approve"), 0);
        Assert.That((await signing.RequestsAsync()).Count, Is.EqualTo(before + 1));
        Assert.That(await WhoAmIAsync(), Is.EqualTo("bebida"));
        var data = Regex.Match(await File.ReadAllTextAsync(Target), "client-key-data: (\\S+)").Groups[1].Value;
        Assert.That(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(data)), Is.EqualTo(key));
        Assert.That(File.Exists(Target + ".key"), Is.False);
    }

    [Test]
    public async Task It_waits_for_someone_elses_approval()
    {
        var waiting = CreateAsync("--credential", "certificate", "--no-approve", "--wait", "1m");
        string? name = null;
        await Eventually.HoldsAsync(
            "it is asked for",
            Patience,
            async _ =>
                (name = (await signing.RequestsAsync()).FirstOrDefault(r => r.Status?.Conditions is null or { Count: 0 })?.Metadata.Name)
                    is not null
        );
        await kubectl.RunAsync("certificate", "approve", name!);
        Exits(await waiting, 0);
    }

    [Test]
    public async Task A_request_that_is_denied_is_told_and_its_key_is_gone()
    {
        var first = await CreateAsync("--credential", "certificate", "--no-approve", "--wait", "0s");
        await kubectl.RunAsync("certificate", "deny", Regex.Match(first.StandardError, "bebida-[0-9a-f]{16}").Value);
        var second = await CreateAsync("--credential", "certificate", "--no-approve");
        Exits(second, 1);
        Assert.That(second.StandardError, Does.Contain(": Denied: "));
        Assert.That(File.Exists(Target + ".key"), Is.False);
    }

    [Test]
    public async Task Another_identitys_or_clusters_kubeconfig_is_replaced_only_when_forced()
    {
        File.Copy(server.AdminKubeconfig, Target);
        var before = await File.ReadAllTextAsync(Target);
        var refused = await CreateAsync();
        Exits(refused, 2);
        Assert.That(
            refused.StandardError,
            Does.Contain("is the kubeconfig of kubernetes-admin, not of system:serviceaccount:bebida:bebida; --force")
        );
        Assert.That(await File.ReadAllTextAsync(Target), Is.EqualTo(before));
        File.SetUnixFileMode(Target, (UnixFileMode)0b110_100_100);
        Assert.That(
            (await CreateAsync()).StandardError,
            Does.Contain("exposes the cluster's credentials").And.Contain("--force replaces it")
        );
        Exits(await CreateAsync("--force"), 0);
        Assert.That(File.GetUnixFileMode(Target), Is.EqualTo((UnixFileMode)0b110_100_000));
        Assert.That(await WhoAmIAsync(), Is.EqualTo("system:serviceaccount:bebida:bebida"));

        var elsewhere = await CreateAsync("--server", "https://k8s.example.org:6443");
        Exits(elsewhere, 2);
        Assert.That(elsewhere.StandardError, Does.Contain("is for the cluster at "));
    }

    [Test]
    public async Task Whoever_is_bound_besides_stays_bound()
    {
        Exits(await CreateAsync(), 0);
        Exits(await CreateAsync("--credential", "certificate", "--force"), 0);
        var subjects = await kubectl.RunAsync("get", "clusterrolebinding", "bebida", "-o", "jsonpath={.subjects[*].kind}");
        Assert.That(subjects.Split(' '), Does.Contain("ServiceAccount").And.Contain("User"));
    }

    [Test]
    public async Task A_token_is_renewed_when_it_is_due_by_an_admin_or_where_it_may_by_itself()
    {
        Exits(await CreateAsync(), 0);
        var first = await File.ReadAllTextAsync(Target);
        var early = await RenewAsync();
        Exits(early, 0);
        Assert.That(early.StandardError, Does.Contain("renewal is due on "));
        Assert.That(await File.ReadAllTextAsync(Target), Is.EqualTo(first));

        Exits(await RenewAsync("--now"), 0);
        var second = await File.ReadAllTextAsync(Target);
        Assert.That(second, Is.Not.EqualTo(first));

        Exits(await CreateAsync("--namespace", "other", "--force"), 0);
        var itself = await RenewAsync("--now", "--self");
        Exits(itself, 1);
        Assert.That(itself.StandardError, Does.Contain("403"));
        Exits(await CreateAsync("--namespace", "other", "--self-renew"), 0);
        await Eventually.HoldsAsync("the right counts", Patience, async _ => (await RenewAsync("--now", "--self")).ExitCode == 0);
        Assert.That(await WhoAmIAsync(), Is.EqualTo("system:serviceaccount:other:bebida"));
    }

    [Test]
    public async Task A_certificate_is_renewed_with_a_new_key_and_the_file_stays_as_it_was()
    {
        Exits(await CreateAsync("--credential", "certificate", "--duration", "1h"), 0);
        var real = Path.Combine(folder, "elsewhere");
        File.Move(Target, real);
        File.CreateSymbolicLink(Target, real);
        File.SetUnixFileMode(real, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var before = await File.ReadAllTextAsync(real);
        Exits(await RenewAsync("--now"), 0);
        Assert.That(await File.ReadAllTextAsync(real), Is.Not.EqualTo(before));
        Assert.That(File.GetUnixFileMode(real), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(new FileInfo(Target).LinkTarget, Is.EqualTo(real));
        var shown = await RunAsync("kubeconfig", "show", "--file", Target);
        Assert.That(shown.StandardOutput, Does.Match("in (5\\d|6\\d) minutes"));
    }

    [Test]
    public async Task What_bebidactl_has_not_made_it_does_not_renew()
    {
        File.Copy(server.AdminKubeconfig, Target);
        var renewed = await RenewAsync("--now");
        Exits(renewed, 2);
        Assert.That(renewed.StandardError, Does.Contain("was not made by bebidactl kubeconfig create: it is of kubernetes-admin"));
    }

    [Test]
    public async Task A_credential_whose_time_is_over_is_shown_as_such()
    {
        File.Copy(server.WriteKubeconfig("bebida", TimeSpan.FromHours(-1)), Target);
        var shown = await RunAsync("kubeconfig", "show", "--file", Target);
        Exits(shown, 1);
        Assert.That(shown.StandardOutput, Does.Contain("expired").And.Contain("renewal due: now"));
    }

    [Test]
    public async Task An_admin_who_may_not_give_rights_is_told_who_else_can()
    {
        var refused = await RunAsync("kubeconfig", "create", "--file", Target, "--kubeconfig", server.WriteKubeconfig("nobody-special"));
        Exits(refused, 1);
        Assert.That(
            refused.StandardError,
            Does.Contain("403").And.Contain("ask an admin to apply what 'bebidactl rbac' prints, then run this again with --skip-rbac")
        );
        Assert.That(File.Exists(Target), Is.False);
    }

    [Test]
    public async Task Who_does_not_check_the_server_passes_that_on_to_nobody()
    {
        var admin = Path.Combine(folder, "admin");
        await File.WriteAllTextAsync(
            admin,
            Regex.Replace(
                await File.ReadAllTextAsync(server.AdminKubeconfig),
                "certificate-authority-data: .*",
                "insecure-skip-tls-verify: true"
            )
        );
        File.SetUnixFileMode(admin, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var refused = await RunAsync("kubeconfig", "create", "--file", Target, "--kubeconfig", admin);
        Exits(refused, 2);
        Assert.That(refused.StandardError, Does.Contain("insecure-skip-tls-verify"));
    }

    [Test]
    public async Task The_admins_kubeconfig_is_found_as_kubectl_finds_it()
    {
        var home = Path.Combine(folder, "home");
        Directory.CreateDirectory(Path.Combine(home, ".kube"));
        var none = await RunWithAsync(new() { ["HOME"] = home, ["KUBECONFIG"] = null }, "kubeconfig", "create", "--file", Target);
        Exits(none, 2);
        Assert.That(none.StandardError, Does.Contain($"there is no {home}/.kube/config"));
        File.Copy(server.AdminKubeconfig, Path.Combine(home, ".kube", "config"));
        Exits(await RunWithAsync(new() { ["HOME"] = home, ["KUBECONFIG"] = null }, "kubeconfig", "create", "--file", Target), 0);
        var printed = await RunWithAsync(new() { ["KUBECONFIG"] = server.AdminKubeconfig }, "kubeconfig", "create", "--file", "-");
        Exits(printed, 0);
        Assert.That(printed.StandardOutput, Does.StartWith("# Made by bebidactl kubeconfig").And.Contain("    token: "));
    }

    private async Task<string> WhoAmIAsync() =>
        (await new Kubectl(Target).RunAsync("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).Trim();

    private Task<BufferedCommandResult> CreateAsync(params string[] more) =>
        RunAsync(["kubeconfig", "create", "--file", Target, "--kubeconfig", server.AdminKubeconfig, .. more]);

    private Task<BufferedCommandResult> RenewAsync(params string[] more) =>
        RunAsync(["kubeconfig", "renew", "--file", Target, "--kubeconfig", server.AdminKubeconfig, .. more]);

    private Task<BufferedCommandResult> RunAsync(params string[] arguments) => RunWithAsync([], arguments);

    private async Task<BufferedCommandResult> RunWithAsync(Dictionary<string, string?> environment, params string[] arguments)
    {
        environment.TryAdd("BEBIDA_CONFIG", Path.Combine(folder, "none.yaml"));
        environment.TryAdd("SLURM_CONF", Path.Combine(folder, "slurm.conf"));
        using var limit = new CancellationTokenSource(Patience);
        return await Cli.Wrap(PluginBuild.Locate().Tool)
            .WithArguments(arguments)
            .WithEnvironmentVariables(environment)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(limit.Token);
    }

    private static string Text(JsonDocument json, string name) => json.RootElement.GetProperty(name).GetString()!;

    private static void Exits(BufferedCommandResult result, int exitCode) =>
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{result.StandardOutput}\n{result.StandardError}");
}
