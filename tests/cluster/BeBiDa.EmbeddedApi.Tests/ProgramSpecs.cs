using System.Diagnostics;
using System.Net;
using System.Text;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>The embedded server as a program, as scripts use it.</summary>
public sealed class ProgramSpecs
{
    private Process program = null!;
    private string kubeconfig = "";
    private HttpClient control = null!;
    private IApiServer server = null!;
    private ApiClient admin = null!;
    private DirectoryInfo directory = null!;

    [SetUp]
    public async Task Start()
    {
        directory = Directory.CreateTempSubdirectory("embedded-api-program-");
        var executable = Path.ChangeExtension(typeof(EmbeddedApiServer).Assembly.Location, null);
        program = Process.Start(
            new ProcessStartInfo(executable, ["--directory", directory.FullName, "--control", "0"]) { RedirectStandardOutput = true }
        )!;
        kubeconfig = (await program.StandardOutput.ReadLineAsync())!;
        control = new() { BaseAddress = new Uri((await program.StandardOutput.ReadLineAsync())!) };
        server = new Remote(kubeconfig, Path.Combine(directory.FullName, "ca.crt"));
        admin = new(server, kubeconfig);
    }

    [TearDown]
    public void Stop()
    {
        admin.Dispose();
        control.Dispose();
        if (!program.HasExited)
            program.Kill();
        program.Dispose();
        directory.Delete(true);
    }

    private async Task<string> Ask(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await control.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        return text;
    }

    [Test]
    public async Task Scripts_bring_about_faults_and_end_them()
    {
        var id = await Ask(HttpMethod.Post, "/faults", """{"kind":"refuse","statusCode":503,"resource":"nodes"}""");
        Assert.That((await admin.Get("/api/v1/nodes")).Code, Is.EqualTo(503));
        await Ask(HttpMethod.Delete, "/faults/" + id);
        Assert.That((await admin.Get("/api/v1/nodes")).Code, Is.EqualTo(200));
        Assert.That(await Ask(HttpMethod.Get, "/requests"), Does.Contain("\"resource\":\"nodes\",\"requests\":2"));
    }

    [Test]
    public async Task Scripts_stop_the_server_and_start_it_with_what_it_had()
    {
        await admin.Post("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        await Ask(HttpMethod.Post, "/stop");
        await Assert.ThrowsAsync<HttpRequestException>(() => admin.Get("/api/v1/nodes"));
        await Ask(HttpMethod.Post, "/start");
        Assert.That((await admin.Get("/api/v1/nodes/n1")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task A_fault_that_is_no_fault_is_refused()
    {
        using var answer = await control.PostAsync(
            new Uri("/faults", UriKind.Relative),
            new StringContent("""{"kind":"refuse","colour":"red"}""")
        );
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task It_ends_when_it_is_told_to()
    {
        using var terminate = Process.Start("kill", ["-TERM", program.Id.ToString()]);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await program.WaitForExitAsync(limit.Token);
        Assert.That(program.ExitCode, Is.Zero);
    }

    [Test]
    public async Task It_serves_at_the_address_given_and_writes_kubeconfigs_for_the_identities_asked_for()
    {
        var executable = Path.ChangeExtension(typeof(EmbeddedApiServer).Assembly.Location, null);
        var place = Path.Combine(directory.FullName, "elsewhere");
        string[] words =
        [
            "--address",
            "127.0.0.9",
            "--directory",
            place,
            "--identity",
            "system:node:n1=system:nodes",
            "--identity",
            "nobody",
        ];
        using var other = Process.Start(new ProcessStartInfo(executable, words) { RedirectStandardOutput = true })!;
        try
        {
            var remote = new Remote((await other.StandardOutput.ReadLineAsync())!, Path.Combine(place, "ca.crt"));
            using var node = new ApiClient(remote, Path.Combine(place, "system_node_n1.kubeconfig"));
            using var nobody = new ApiClient(remote, Path.Combine(place, "nobody.kubeconfig"));

            Assert.That(remote.Url.Host, Is.EqualTo("127.0.0.9"));
            Assert.That((await node.Get("/api/v1/nodes")).Code, Is.EqualTo(200));
            Assert.That((await nobody.Get("/api/v1/nodes")).Code, Is.EqualTo(403));
        }
        finally
        {
            other.Kill();
        }
    }

    private sealed class Remote(string kubeconfig, string authority) : IApiServer
    {
        public Uri Url { get; } =
            new(File.ReadLines(kubeconfig).First(line => line.Contains("server:", StringComparison.Ordinal)).Split("server: ")[1]);

        public string CaCertificatePath => authority;

        public string AdminKubeconfig => kubeconfig;

        public string WriteKubeconfig(string user, params string[] groups) =>
            throw new NotSupportedException("a program hands out no identity");

        public string WriteKubeconfig(string user, TimeSpan lifetime, params string[] groups) =>
            throw new NotSupportedException("a program hands out no identity");

        public string SignClientCertificate(string requestPem, TimeSpan lifetime) =>
            throw new NotSupportedException("a program signs nothing");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
